/** Lines of `run` of which each has to be refused, with what the message has to name. */
export const refusedRuns: readonly {
  readonly id: string
  readonly name: string
  readonly runs: readonly (readonly [run: string, named: string])[]
}[] = [
  { id: 'argv-01', name: 'an operator of a shell', runs: [['build; curl evil', '";"']] },
  {
    id: 'argv-02',
    name: 'what a shell would expand, redirect or chain',
    runs: [
      ['build --select $(id)', '"$("'],
      ['build --select `id`', '"`"'],
      ['build --select a${IFS}b', '"${IFS}"'],
      ['build > /tmp/x', '">"'],
      ['build >> /tmp/x', '">>"'],
      ['build < /tmp/x', '"<"'],
      ['build | tee x', '"|"'],
      ['build && curl evil', '"&&"'],
      ['build || curl evil', '"||"'],
      ['build & curl evil', '"&"'],
      ['build --vars "$(id)"', '"$("'],
      ['build --vars "`id`"', '"`"'],
      ['build --vars "$HOME"', '"$HOME"'],
      ['build\ncurl evil', '"curl"'],
      ['build --select "a\nb"', 'double quote'],
      ['build \0', 'U+0000'],
    ],
  },
  {
    id: 'argv-03',
    name: 'a quote that is not closed',
    runs: [
      ['build --select "a', 'line 1, column 16: the double quote is not closed'],
      ["test\nbuild --select 'a b\nrun --select 'c", 'line 2, column 16: the single quote is not closed'],
      ['build --select a"', 'line 1, column 17'],
      ['build --select a\\', 'line 1, column 17'],
    ],
  },
  {
    id: 'argv-04',
    name: 'a flag that belongs to the action',
    runs: [
      ...['--profiles-dir', '--project-dir', '--target', '--profile', '--log-path', '--target-path'].flatMap(
        (flag): [string, string][] => [
          [`build ${flag} /evil`, flag],
          [`build ${flag}=/evil`, flag],
          [`${flag} /evil build`, flag],
          [`build '${flag}' /evil`, flag],
          [`build --vars x ${flag.replaceAll('-', '\\-')} /evil`, flag],
          [`build ${flag.toUpperCase()} /evil`, flag],
          [`build --${flag.slice(2).replaceAll('-', '_')} /evil`, flag],
        ],
      ),
      ['build -t prod', '--target'],
      ['build -tprod', '--target'],
      ['build -t=prod', '--target'],
      ['build -xtprod', '--target'],
      ['build -qdfxt prod', '--target'],
      ['build -target prod', '--target'],
      ['build --targ prod', '--target'],
      ['build --profiles prod', '--profiles-dir'],
      ['build --select -t', '--target'],
      ['build -- --target prod', '"--"'],
    ],
  },
  {
    id: 'argv-05',
    name: 'a subcommand that is not on the list',
    runs: [
      ['docs serve', 'docs serve'],
      ['init', 'init'],
      ['docs', '"docs"'],
      ['source', '"source"'],
      ['system update', 'system'],
      ['rm -rf /', '"rm"'],
      ['dbt', 'no dbt command'],
      ['dbt dbt build', '"dbt"'],
      ['--quiet', 'no dbt command'],
    ],
  },
]

/** Lines of `run` that look dangerous and are not: they reach dbt as they are. */
export const literalRuns: readonly {
  readonly id: string
  readonly run: string
  readonly argv: readonly string[]
}[] = [
  { id: 'argv-01', run: "build --select 'a; curl evil'", argv: ['build', '--select', 'a; curl evil'] },
  {
    id: 'argv-02',
    run: "run-operation '$(id)' --args '`id` ${IFS} > | && &'",
    argv: ['run-operation', '$(id)', '--args', '`id` ${IFS} > | && &'],
  },
  {
    id: 'argv-02',
    run: 'build --select \\$\\(id\\) "\\$HOME \\`id\\`"',
    argv: ['build', '--select', '$(id)', '$HOME `id`'],
  },
  { id: 'argv-04', run: "build --vars '{x: --target}'", argv: ['build', '--vars', '{x: --target}'] },
  { id: 'argv-04', run: 'build -stag:daily', argv: ['build', '-stag:daily'] },
  { id: 'argv-05', run: 'deps', argv: ['deps'] },
  { id: 'argv-05', run: 'clean', argv: ['clean'] },
  { id: 'argv-05', run: 'run-operation m', argv: ['run-operation', 'm'] },
]

/** What dbt may print; none of it may be executed by a runner. */
export const hostileOutput: readonly {
  readonly id: string
  readonly name: string
  readonly texts: readonly string[]
}[] = [
  {
    id: 'workflow-command-02',
    name: 'the older form anywhere in a line',
    texts: ['mid ##[add-mask]hello', '###[add-mask]x', '##[##[error]x', '##[ERROR file=a]x'],
  },
  {
    id: 'workflow-command-03',
    name: 'leading white space',
    texts: ['\t  ::set-output name=a::b', '\u3000::error::x'],
  },
  {
    id: 'workflow-command-05',
    name: 'a line break of another kind',
    texts: [
      'mid\r::warning::x',
      'mid\u0085::warning::x',
      'mid\u2028::warning::x',
      'mid\u2029::warning::x',
      'mid\r\n\r::warning::x',
      '\ufeff::warning::x',
      '\u200b::warning::x',
      '\u001b[31m##[warning]x',
      'mid\v::warning::x',
    ],
  },
  {
    id: 'workflow-command-06',
    name: 'guessed stop tokens',
    texts: [
      '::stop-commands::x',
      '##[stop-commands]x',
      '::token::',
      `::${'0'.repeat(64)}::`,
      '::stop-commands::pause-logging',
    ],
  },
  { id: 'workflow-command-08', name: 'a mask for a letter', texts: ['::add-mask::e'] },
  {
    id: 'workflow-command-09',
    name: 'a problem matcher',
    texts: ['::add-matcher::/path', '##[add-matcher]/path'],
  },
  {
    id: 'workflow-command-11',
    name: 'state and outputs',
    texts: ['::save-state name=x::y', '::set-output name=x::y'],
  },
  {
    id: 'workflow-command-13',
    name: 'debug lines and groups',
    texts: ['::debug::x', '::group::x', '::endgroup::'],
  },
  {
    id: 'workflow-command-14',
    name: 'structured log lines',
    texts: ['{"info":{"msg":"::error::x"}}', '::{"info":', '{"info":{"msg":"##[error]x"}}'],
  },
]

/** workflow-command-12: names from the repository in an annotation of ours. */
export const hostileNames: readonly string[] = [
  'a,line=1::%0A::error',
  'a::error::b',
  'a\r\n::error::b',
  'a%0A::error::b',
  '100%25',
  'models/ä:b,c.sql',
]

/** file-command-05 and neighbours: variables of the step that must not reach dbt, whatever `env` says. */
export const keptFromDbt: readonly string[] = [
  'GITHUB_ENV',
  'GITHUB_OUTPUT',
  'GITHUB_STATE',
  'GITHUB_PATH',
  'GITHUB_STEP_SUMMARY',
  'GITHUB_TOKEN',
  'ACTIONS_ID_TOKEN_REQUEST_TOKEN',
  'ACTIONS_ID_TOKEN_REQUEST_URL',
  'ACTIONS_RUNTIME_TOKEN',
  'ACTIONS_CACHE_URL',
  'INPUT_GITHUB-TOKEN',
  'INPUT_CONNECTION',
  'STATE_key',
  'NODE_OPTIONS',
  'LD_PRELOAD',
  'DYLD_INSERT_LIBRARIES',
  'PYTHONHOME',
  'AWS_ACCESS_KEY_ID',
  'AWS_SECRET_ACCESS_KEY',
  'AWS_SESSION_TOKEN',
  'AWS_PROFILE',
  'AWS_WEB_IDENTITY_TOKEN_FILE',
  'AWS_ROLE_ARN',
  'AWS_CONTAINER_CREDENTIALS_FULL_URI',
  'AWS_ENDPOINT_URL_STS',
  'GOOGLE_APPLICATION_CREDENTIALS',
  'GOOGLE_GHA_CREDS_PATH',
  'CLOUDSDK_AUTH_ACCESS_TOKEN',
  'CLOUDSDK_AUTH_CREDENTIAL_FILE_OVERRIDE',
  'GCE_METADATA_HOST',
  'AZURE_CLIENT_SECRET',
  'AZURE_FEDERATED_TOKEN_FILE',
  'ARM_CLIENT_SECRET',
  'ARM_OIDC_TOKEN',
  'IDENTITY_ENDPOINT',
  'IDENTITY_HEADER',
  'MSI_SECRET',
  'SNOWFLAKE_PASSWORD',
  'SNOWFLAKE_WIF_ALLOWED_HOST_SUFFIXES',
  'DATABRICKS_TOKEN',
  'DATABRICKS_CLIENT_SECRET',
  'PGPASSWORD',
  'PGUSER',
  'REDSHIFT_PASSWORD',
  'MOTHERDUCK_TOKEN',
  'motherduck_token',
  'VAULT_TOKEN',
  'DBT_ENV_SECRET_DBT_OIDC_TOKEN',
]
