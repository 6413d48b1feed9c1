import { describe, expect, test } from '@jest/globals'
import { spawnSync } from 'node:child_process'
import { existsSync, readFileSync } from 'node:fs'
import { dirname, join, normalize } from 'node:path'
import { DbtOidcError } from '../src/errors.ts'
import { anchorsOf, linksOf, PAGES, snippetsOf, spansOf, type Snippet } from './support/pages.ts'
import { isRecord, parseRecord } from './support/shape.ts'
import { callsIn, refusalOf, scriptsIn } from './support/snippets/shell.ts'
import { checkYaml } from './support/snippets/yaml.ts'

const ROOT = join(import.meta.dirname, '..')

/** By the word behind the fence. SQL, Terraform and more of the shell are for servers/snippets.spec.ts, which has the parsers. */
const CHECKS: Readonly<Record<string, (snippet: Snippet) => void | Promise<void>>> = {
  yaml: checkYaml,
  sh: shell,
  sql: ({ text }) => expect(text).toMatch(/;\s*(--.*)?$/m),
  hcl: ({ text }) => expect(text).toMatch(/^(resource|data|provider|variable|output|module|terraform)\b/m),
  json: ({ text }) => void JSON.parse(text),
  jsonl: ({ text }) => text.split('\n').forEach((line) => void parseRecord(line)),
  properties: ({ text }) => {
    for (const line of text.split('\n')) expect(line).toMatch(/^(#.*|[\w.-]+=.*|)$/)
  },
  python: ({ text }) => {
    const read = spawnSync('python3', ['-c', 'import ast, sys; ast.parse(sys.stdin.read())'], { input: text })
    expect([read.status, String(read.stderr)]).toEqual([0, ''])
  },
  // What a program has printed; whoever prints it is tested elsewhere.
  text: () => undefined,
}

async function shell({ text }: Snippet): Promise<void> {
  const { stderr, status } = spawnSync('sh', ['-n'], {
    input: text.replaceAll('<sha>', 'sha'),
    encoding: 'utf8',
  })
  expect([status, stderr]).toEqual([0, ''])
  await calls(text)
}

/** Every call of this program is one that it takes. */
async function calls(text: string): Promise<void> {
  for (const words of callsIn(text)) expect([words, await refusalOf(words)]).toEqual([words, undefined])
  const { scripts } = parseRecord(readFileSync(join(ROOT, 'package.json'), 'utf8'))
  for (const script of scriptsIn(text))
    expect(Object.keys(isRecord(scripts) ? scripts : {})).toContain(script)
}

/** Throws where a snippet does not hold, or where nobody knows how to tell. */
async function checked(snippet: Snippet): Promise<void> {
  const { page, line, language } = snippet
  const check = CHECKS[language]
  if (!check)
    throw new Error(
      `${page}:${line} has a block of ${language === '' ? 'no language' : `\`${language}\``}, which no test knows. Write one of ${Object.keys(CHECKS).join(', ')} behind the fence, or say in __tests__/snippets.test.ts how it is checked.`,
    )
  try {
    await check(snippet)
  } catch (error) {
    // In the words of the step, with every problem that it lists.
    if (!(error instanceof DbtOidcError)) throw error
    throw new Error([`${page}:${line}: ${error.problem}`, ...error.details].join('\n'), { cause: error })
  }
}

/** Calls of this program within the sentences of a page that it would not take. */
async function refusedSpans(page: string): Promise<readonly string[]> {
  const refused: string[] = []
  for (const span of spansOf(page).filter((one) => /^(npx|dbt-oidc) /.test(one)))
    for (const words of callsIn(span)) {
      const refusal = await refusalOf(words)
      // A sentence may speak of a command without all that it needs.
      if (refusal !== undefined && !refusal.includes('not specified')) refused.push(`${span}: ${refusal}`)
    }
  return refused
}

describe.each(PAGES)('%s', (page) => {
  const snippets = snippetsOf(page)
  if (snippets.length > 0)
    test.each(snippets)('holds in line $line, as $language', async (snippet) => {
      await expect(checked(snippet)).resolves.toBeUndefined()
    })

  test('names no command or option that this program does not have', async () => {
    expect(await refusedSpans(page)).toEqual([])
  })

  test('has no link that leads nowhere', () => {
    expect(linksOf(page).filter((link) => !leads(page, link))).toEqual([])
  })
})

/** Whether a link leads to a file or a folder of the tree, and to an anchor that is there. */
function leads(page: string, link: string): boolean {
  if (/^[a-z]+:/.test(link)) return true
  const [path = '', anchor] = link.split('#')
  const to = path === '' ? page : normalize(join(dirname(page), path)).replaceAll('\\', '/')
  if (!to.endsWith('.md')) return existsSync(join(ROOT, to))
  return PAGES.includes(to) && (anchor === undefined || anchorsOf(to).has(anchor))
}

test.each([
  ['an unknown command', 'npx github:OWNER/dbt-oidc#<sha> trustt'],
  ['an unknown option', 'GITHUB_TOKEN=x dbt-oidc check --al'],
  ['an unknown option behind a pipe', "aws iam get-role --role-name 'a b' | dbt-oidc lint --nothing -"],
  ['an option without its value', 'dbt-oidc trust --out # where'],
])('%s on a page would be seen', async (_, text) => {
  const [words = []] = callsIn(text)
  expect(await refusalOf(words)).toMatch(/usage|command|option/i)
})

test('a block of a kind that nobody knows is refused, with what to do about it', async () => {
  const snippet = { page: 'docs/x.md', line: 3, language: 'toml', text: 'a = 1' }
  await expect(checked(snippet)).rejects.toThrow(/docs\/x\.md:3 has a block of `toml`.*Write one of yaml, sh/)
  const odd = { ...snippet, language: 'yaml', text: 'colour: red\n' }
  await expect(checked(odd)).rejects.toThrow(/YAML of a kind that no test knows/)
})
