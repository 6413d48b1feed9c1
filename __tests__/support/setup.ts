import { execFile } from 'node:child_process'
import { mkdirSync, mkdtempSync, writeFileSync } from 'node:fs'
import { dirname, join, resolve } from 'node:path'
import { pageText, PAGES } from './pages.ts'

const ROOT = resolve(import.meta.dirname, '..', '..')
const PUBLISHED = 'npx github:OWNER/dbt-oidc#<sha>'
const TITLE = 'From nothing to a first run\n'

/** The part of a page that leads from nothing to a first run. */
export interface Setup {
  readonly page: string
  readonly text: string
  /** `.github/dbt-oidc.yml`; empty where the step has everything in its inputs. */
  readonly policy: string
  readonly workflow: string
  /** The lines of its shell blocks, in their order. */
  readonly lines: readonly string[]
}

/** Pages with such a part: those of the warehouses and exchanges that somebody has written. */
export const SETUPS: readonly Setup[] = PAGES.filter((page) =>
  /\/(warehouses|exchanges)\//.test(page),
).flatMap((page) => {
  const text = chapter(pageText(page).split('<!-- core: generated -->')[0] ?? '', TITLE)
  return text === undefined ? [] : [setupOf(page, text)]
})

/** The path of a new user in the README. */
export const FIRST_RUN: Setup = setupOf('README.md', chapter(pageText('README.md'), 'First run\n') ?? '')

function chapter(text: string, title: string): string | undefined {
  return text.split(/^## /m).find((one) => one.startsWith(title))
}

function setupOf(page: string, text: string): Setup {
  return {
    page,
    text,
    policy: block(text, /^# \.github\/dbt-oidc\.yml$/m),
    workflow: block(text, /^# \.github\/workflows\//),
    lines: [...text.matchAll(/^```sh\n([^]*?)^```$/gm)].flatMap(([, lines = '']) => lines.trim().split('\n')),
  }
}

function block(text: string, head: RegExp): string {
  const blocks = Array.from(text.matchAll(/^```yaml\n([^]*?)^```$/gm), ([, one = '']) => one)
  return blocks.find((one) => head.test(one)) ?? ''
}

/** The one line of a setup that calls a command of this program. */
export function lineOf({ page, lines }: Setup, command: string): string {
  const [line, ...others] = lines.filter((one) => one.includes(`${PUBLISHED} ${command}`))
  if (line === undefined || others.length > 0) throw new Error(`${page}: not one line calls ${command}`)
  return line
}

/** A checkout below a directory with what a setup says. */
export function checkout(below: string, { policy, workflow }: Setup): string {
  const directory = join(mkdtempSync(join(below, 'new-')), 'dbt')
  const name = /^# (\.github\/workflows\/\S+)/.exec(workflow)?.[1] ?? '.github/workflows/dbt.yml'
  // The repository is that of `origin`, where nothing else names it.
  const files = {
    [name]: workflow,
    '.git/config': '[remote "origin"]\n\turl = https://github.com/acme/dbt\n',
  }
  const all = policy === '' ? files : { ...files, '.github/dbt-oidc.yml': policy }
  for (const [path, text] of Object.entries(all)) {
    mkdirSync(dirname(join(directory, path)), { recursive: true })
    writeFileSync(join(directory, path), text)
  }
  for (const path of ['objects', 'refs']) mkdirSync(join(directory, '.git', path))
  writeFileSync(join(directory, '.git', 'HEAD'), 'ref: refs/heads/main\n')
  return directory
}

/** How a line has ended. */
export interface Typed {
  readonly code: number
  readonly output: string
}

/** A line of a page as typed in a directory: what is published is this build of it, and GitHub is not asked. */
export function typed(line: string, cwd: string): Promise<Typed> {
  const own = `${process.execPath} ${join(ROOT, 'dist', 'cli.js')}`
  const command = line
    .replace(PUBLISHED, own)
    .replace('GITHUB_TOKEN=$(gh auth token) ', '')
    .replace(' --github', '')
  const { GITHUB_TOKEN: _one, GH_TOKEN: _other, GITHUB_ACTIONS: _job, ...env } = process.env
  return new Promise((done) => {
    execFile('sh', ['-c', command], { cwd, env }, (error, stdout, stderr) =>
      done({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
    )
  })
}
