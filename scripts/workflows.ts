import { spawnSync } from 'node:child_process'
import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import { ensureGo } from './go.ts'
import { ensurePython } from './python.ts'

const ROOT = join(import.meta.dirname, '..')
const WINDOWS = process.platform === 'win32'

/** Folders in which every YAML file is a workflow. */
const FOLDERS = ['.github/workflows', 'examples']

/** What is neither a workflow nor less dangerous. */
const OTHERS = ['action.yml', '.github/dependabot.yml']

/** Asked one after the other: what a persona finds, those before it need not have found. */
const PERSONAS = ['regular', 'pedantic'] as const

/** What two linters of others find, in their own words; empty where they find nothing. */
export interface Findings {
  readonly actionlint: string
  readonly zizmor: string
}

/** Lints the files, which are relative to the root of the repository; without any, everything that this repository has. */
export async function lintWorkflows(files: readonly string[] = everything()): Promise<Findings> {
  const { actionlint, shellcheck, zizmor } = await ensureLinters()
  const workflows = files.filter((file) => !OTHERS.includes(file))
  return {
    actionlint: workflows
      .map((file) => actionlinted(actionlint, shellcheck, file))
      .filter((found) => found !== '')
      .join('\n'),
    zizmor: PERSONAS.map((persona) => zizmored(zizmor, persona, files)).join(''),
  }
}

/** The paths of the linters, made where they are not there yet. */
export async function ensureLinters() {
  const { bin } = await ensurePython('lint')
  const actionlint = await ensureGo({
    name: 'actionlint',
    what: 'actionlint',
    of: 'github.com/rhysd/actionlint/cmd/actionlint',
  })
  const program = (name: string): string => join(bin, WINDOWS ? `${name}.exe` : name)
  return { actionlint, shellcheck: program('shellcheck'), zizmor: program('zizmor') }
}

/** What actionlint, with shellcheck, says of a workflow that stands in no file; nothing where it finds nothing. */
export async function lintText(text: string): Promise<string> {
  const { actionlint, shellcheck } = await ensureLinters()
  return ran(actionlint, argumentsOf(shellcheck, '.github/workflows/shown.yml'), text)
}

/** Every workflow, example and action of this repository. */
export function everything(): readonly string[] {
  const workflows = FOLDERS.flatMap((folder) =>
    existsSync(join(ROOT, folder))
      ? readdirSync(join(ROOT, folder))
          .filter((file) => /\.ya?ml$/.test(file))
          .toSorted()
          .map((file) => `${folder}/${file}`)
      : [],
  )
  return [...workflows, ...OTHERS]
}

/** What actionlint does not know yet, by an older name for the same. By `./` it compares each `with:` with action.yml. */
const OLDER: readonly (readonly [RegExp, string])[] = [
  [/(uses: )\$\/(?=\s|$)/gm, '$1./'],
  [/(uses: )OWNER\/dbt-oidc@[0-9a-f]{40}/g, '$1./'],
  [/(uses: )OWNER\/dbt-oidc\/(\.github\/workflows\/[\w-]+\.yml)@[0-9a-f]{40}/g, '$1./$2'],
  [/\bjob\.workflow_(repository|sha)\b/g, 'github.$1'],
  [/\bjob\.check_run_id\b/g, 'github.run_id'],
]

function actionlinted(actionlint: string, shellcheck: string, file: string): string {
  const path = join(ROOT, file)
  const given = readFileSync(path, 'utf8')
  const text = OLDER.reduce((all, [name, older]) => all.replaceAll(name, older), given)
  return ran(actionlint, argumentsOf(shellcheck, path), text)
}

function argumentsOf(shellcheck: string, path: string): readonly string[] {
  return ['-no-color', '-shellcheck', shellcheck, '-pyflakes', '', '-stdin-filename', path, '-']
}

function zizmored(zizmor: string, persona: (typeof PERSONAS)[number], files: readonly string[]): string {
  const paths = files.map((file) => relative(ROOT, join(ROOT, file)))
  return ran(zizmor, ['--offline', '--quiet', '--color', 'never', '--persona', persona, ...paths])
}

/** What a linter says; nothing where it ends well. */
function ran(command: string, args: readonly string[], input = ''): string {
  const { status, stdout, stderr, error } = spawnSync(command, args, { cwd: ROOT, encoding: 'utf8', input })
  if (error) throw error
  if (status === 0) return ''
  return `${stdout}${stderr}`.trim() || `${command} ended with exit code ${status}`
}
