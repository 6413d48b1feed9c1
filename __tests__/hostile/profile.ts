/** Values that must reach dbt as the same text, however they are written in profiles.yml. */
export const hostileTexts: readonly {
  readonly id: string
  readonly name: string
  readonly texts: readonly string[]
}[] = [
  { id: 'profiles-injection-01', name: 'a Jinja expression', texts: ['{{ 7*7 }}'] },
  {
    id: 'profiles-injection-02',
    name: 'a Jinja expression that reads the environment',
    texts: ["{{ env_var('ACTIONS_ID_TOKEN_REQUEST_TOKEN') }}"],
  },
  {
    id: 'profiles-injection-05',
    name: 'an unterminated delimiter',
    texts: ['abc{{def', 'abc{%def', 'abc{#def'],
  },
  {
    id: 'profiles-injection-06',
    name: 'a way out of a raw block',
    texts: ['{% endraw %}{{ 7*7 }}{% raw %}'],
  },
  {
    id: 'profiles-injection-08',
    name: 'quotes and backslashes',
    texts: [String.raw`a"b\\c'd`, '\\', '"', "'"],
  },
  { id: 'profiles-injection-09', name: 'a character beyond the BMP', texts: ['\u{1F600}', 'a\u{10FFFF}b'] },
  {
    id: 'profiles-injection-13',
    name: 'a value that begins new YAML lines',
    texts: ['x"\n  type: postgres\n  host: evil', 'x\n      host: evil'],
  },
  {
    id: 'profiles-injection-14',
    name: 'what YAML gives a meaning',
    texts: words(`
      & * ! % @ - ? : # , [ ] { } | > << = &a *a @a #a :a -a --- ... [] {} {a} [1] ~ null yes no on true
      0x1F 1e3 2026-01-01 1:30 012 5432 1.5 .inf .nan None True
    `).concat(
      '`',
      '`a',
      '',
      ' a',
      'a ',
      '\ta',
      '!!str a',
      '%YAML 1.1',
      '- a',
      '? a',
      ': a',
      ', a',
      'a #b',
      'a: b',
      "{'a': 1}",
    ),
  },
  {
    id: 'profiles-injection-15',
    name: 'line separators of YAML 1.1',
    texts: ['a\u2028b', 'a\u2029b', 'a\u0085b', '\uFEFFa', 'a\uFEFF', 'a\rb', 'a\r\nb', 'a\n', 'a\n\n', '\n'],
  },
  { id: 'profiles-injection-17', name: 'a merge key', texts: ['<<: *x', '&x {a: 1}'] },
  {
    id: 'profiles-injection-20',
    name: 'a query tag made of a branch name, as JSON',
    texts: [
      JSON.stringify({ ref: `refs/heads/x''; --"}{{ 7*7 }}`, run: 1 }),
      JSON.stringify({ ref: '"'.repeat(900) }),
    ],
  },
]

/** Values of a secret's variable that dbt must hand on exactly (profiles-injection-11). */
export const hostileSecrets: readonly string[] = [
  'a{{ 7*7 }}\nb',
  "{{ env_var('HOME') }}",
  '$$$DBT_SECRET_START$$$DBT_ENV_SECRET_OTHER$$$DBT_SECRET_END$$$',
  String.raw`\1\g<0>`,
  'true',
  '5432',
  'x\n',
  '\u{1F600}\u2028"\'',
]

/** Values that cannot be carried: configuration errors (profiles-injection-16, and what dbt's renderer destroys). */
export const impossibleTexts: readonly string[] = [
  'a\u0000b',
  '\u0000',
  'a\uD800b',
  '\uDE00\uD83D',
  'DBT_ENV_SECRET',
  'xDBT_ENV_SECRET_Ay',
  '$$$DBT_SECRET_START$$$DBT_ENV_SECRET_A$$$DBT_SECRET_END$$$',
]

/** Names of a profile, target or output that must be refused (profiles-injection-18). */
export const impossibleNames: readonly string[] = [
  'dev: {}',
  '',
  ' ',
  'a b',
  'a\nb',
  'dev\n',
  '{{ 7*7 }}',
  '../x',
  'a/b',
  '-a',
  '.a',
  '"a',
  'é',
  'a\u0000',
  'a'.repeat(129),
  'DBT_ENV_SECRET_A',
]

/** Relative paths that lead out of the workspace (path-01), and some that do not. */
export const paths: readonly { readonly path: string; readonly leaves: boolean }[] = [
  { path: '../../etc', leaves: true },
  { path: '..', leaves: true },
  { path: 'a/../../b', leaves: true },
  { path: 'a/..', leaves: false },
  { path: '..a', leaves: false },
  { path: 'dbt', leaves: false },
]

/** Names of files that are no plain name in the private directory. */
export const impossibleFileNames: readonly string[] = [
  '',
  '.',
  '..',
  '../x',
  '/etc/passwd',
  'a/b',
  'a\\b',
  'a\0',
  '.dbt-oidc',
  'a\nb',
]

/** What random hostile texts are made of. */
export const hostileParts: readonly string[] = words(String.raw`
  {{ }} {% %} {# #} {{- -%} {%raw%} {%endraw%} {{7*7}} " ' \ \\ \u0041 \x41 \N{BULLET} \U0001F600 $$$ % #
  $$$DBT_SECRET_START$$$ &a *a !!str | > --- ... true null ~ 0x1F 1e3 1:30 None [1] {} é ß 漢
`).concat(
  [
    "{{ env_var('PATH') }}",
    '{% raw %}',
    '{% endraw %}',
    ': ',
    '- ',
    '? ',
    ' #',
    '<<: *x',
    '\n  host: evil',
    '`',
  ],
  ['\n', '\r', '\r\n', '\t', ' ', '\u0085', '\u2028', '\u2029', '\uFEFF', '\u00A0', '\u0301', '\u202E'],
  [
    '\u0001',
    '\b',
    '\u001B[31m',
    '\u007F',
    '\u009F',
    '\uFFFD',
    '\uFFFF',
    '\u{1F600}',
    '\u{10000}',
    '\u{10FFFF}',
  ],
)

function words(text: string): string[] {
  return text.trim().split(/\s+/)
}
