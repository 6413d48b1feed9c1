// Everything that must hold of the sources themselves: types, lint, format, and that what is generated is what is committed.
import { execFile } from 'node:child_process'
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs'
import { cp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { build } from '../build.ts'
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

/** dist/ is what the sources build, in this directory and in one of another depth. */
async function reproducible(): Promise<void> {
  const elsewhere = mkdtempSync(join(tmpdir(), 'dbt-oidc-build-'))
  try {
    const copy = join(elsewhere, 'a', 'copy')
    const needed = [
      'src',
      'scripts',
      'stubs',
      'node_modules',
      'package.json',
      'tsconfig.json',
      'tsconfig.build.json',
    ]
    for (const name of needed) {
      // Links stay links, and the copy builds with its own tools: module ids come from real paths below the root.
      await cp(join(root, name), join(copy, name), { recursive: true, verbatimSymlinks: true })
    }
    const its: typeof import('../build.ts') = await import(
      pathToFileURL(join(copy, 'scripts', 'build.ts')).href
    )
    const stats = join(elsewhere, 'stats.json')
    await Promise.all([build(root, join(elsewhere, 'here'), stats), its.build(copy)])
    const [committed, here, there] = [join(root, 'dist'), join(elsewhere, 'here'), join(copy, 'dist')]
    tell('dist is what the sources build', same(committed, here))
    tell('dist builds to the same bytes in two directories', same(here, there))
    licences(stats, join(here, 'licenses.txt'))
  } finally {
    rmSync(elsewhere, { recursive: true, force: true })
  }
}

/** What is bundled may be passed on, and its licence stands beside it. */
function licences(stats: string, texts: string): void {
  const packages = bundled(JSON.parse(readFileSync(stats, 'utf8')), root)
  const found = licenceFaults(packages, readFileSync(texts, 'utf8'))
  for (const fault of found) console.error(fault)
  tell(`the ${packages.length} packages in dist may be passed on, with their licences`, found.length === 0)
}

function same(one: string, other: string): boolean {
  const [names, others] = [readdirSync(one).toSorted(), readdirSync(other).toSorted()]
  return (
    names.join('\n') === others.join('\n') &&
    names.every((name) => readFileSync(join(one, name)).equals(readFileSync(join(other, name))))
  )
}

function tell(name: string, ok: boolean): void {
  console.log(`${ok ? '✓' : '✗'} ${name}`)
  if (!ok) faults.push(name)
}
