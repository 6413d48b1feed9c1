// Everything that must hold of the sources themselves: types, lint, format, and that what is generated is what is committed.
import { execFile } from 'node:child_process'
import { readdirSync, readFileSync } from 'node:fs'
import { join } from 'node:path'
import { reproduce } from '../reproduce.ts'
import { bundled, licenceFaults } from '../sbom.ts'
import { everything, lintWorkflows } from '../workflows.ts'

const root = join(import.meta.dirname, '..', '..')
const bin = join(root, 'node_modules', '.bin')
const faults: string[] = []

// Alone, since it writes what the others read.
await generated()
await Promise.all([
  reproducible(),
  run('lint', 'oxlint', ['--type-aware', '--deny-warnings']),
  run('format', 'prettier', ['--check', '--log-level', 'warn', '.']),
  run('types', 'tsc', ['-p', 'tsconfig.json']),
  workflows(),
])

for (const fault of faults) console.error(`✗ ${fault}`)
process.exitCode = faults.length === 0 ? 0 : 1

/** Runs a program, and shows what it says only where it fails: others run beside it. */
async function run(name: string, command: string, args: readonly string[]): Promise<void> {
  const options = { cwd: root, shell: process.platform === 'win32', maxBuffer: 64 * 1024 * 1024 }
  const said = await new Promise<string | undefined>((resolve) => {
    execFile(join(bin, command), args, options, (error, stdout, stderr) =>
      resolve(error ? `${stdout}${stderr}` || error.message : undefined),
    )
  })
  if (said !== undefined) console.error(said)
  tell(name, said === undefined)
}

/** `npm run generate` changes nothing that is committed. */
async function generated(): Promise<void> {
  const files = [
    'src/warehouses/index.ts',
    'src/exchanges/index.ts',
    'src/warehouses/by-name.ts',
    'src/exchanges/by-name.ts',
    'src/config/inputs.ts',
    'schema.json',
    'schema-audit.json',
    'README.md',
    ...readdirSync(join(root, 'docs'), { recursive: true })
      .map((name) => join('docs', String(name)))
      .filter((name) => name.endsWith('.md')),
  ]
  const before = files.map((file) => readFileSync(join(root, file), 'utf8'))
  await import('./generate.ts')
  tell(
    'generated files',
    files.every((file, at) => readFileSync(join(root, file), 'utf8') === before[at]),
  )
}

/** Nothing that actionlint (with shellcheck) or zizmor would say of what GitHub runs, or of what users copy. */
async function workflows(): Promise<void> {
  const found = await lintWorkflows()
  const count = everything().length
  for (const [linter, text] of Object.entries(found)) {
    if (text !== '') console.error(text)
    tell(`${linter} finds nothing in ${count} workflows, examples and actions`, text === '')
  }
}

/** dist/ is what the sources build, wherever they are built, with the licences of what is bundled. */
async function reproducible(): Promise<void> {
  const { asCommitted, anywhere, stats, licences } = await reproduce()
  tell('dist is what the sources build', asCommitted)
  tell('dist builds to the same bytes in two directories', anywhere)
  const packages = bundled(stats, root)
  const found = licenceFaults(packages, licences)
  for (const fault of found) console.error(fault)
  tell(`the ${packages.length} packages in dist may be passed on, with their licences`, found.length === 0)
}

function tell(name: string, ok: boolean): void {
  console.log(`${ok ? '✓' : '✗'} ${name}`)
  if (!ok) faults.push(name)
}
