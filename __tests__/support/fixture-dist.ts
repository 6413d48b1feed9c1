import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import {
  cpSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readFileSync,
  renameSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs'
import { join, resolve } from 'node:path'
import { pathToFileURL } from 'node:url'
import { promisify } from 'node:util'
import { loaders, registry } from '../../scripts/generate/registry.ts'
import { filesBelow } from './scratch.ts'

const root = resolve(import.meta.dirname, '..', '..')
const fixture = join(root, '__tests__', 'fixtures', 'lease')
const cache = join(root, '.cache', 'fixture')
const copied = ['src', 'stubs', 'action.yml', 'tsconfig.json', 'tsconfig.build.json', 'package.json']

/** The fixture's files and their places in the tree. */
const added = { 'lease.ts': 'exchanges', 'ledger.ts': 'warehouses' } as const

/** The action with the lease exchange and the ledger warehouse in it, built from a copy of the tree; returns its `dist`. */
export async function fixtureDist(): Promise<string> {
  const place = join(cache, hashOf())
  if (!existsSync(place)) await buildInto(place)
  return join(place, 'dist')
}

/** Two workers may both build; the first to finish gives its result the name, whole, and the other takes that. */
async function buildInto(place: string): Promise<void> {
  mkdirSync(cache, { recursive: true })
  const work = mkdtempSync(join(cache, 'building-'))
  try {
    const tree = join(work, 'tree')
    for (const name of copied) cpSync(join(root, name), join(tree, name), { recursive: true })
    symlinkSync(join(root, 'node_modules'), join(tree, 'node_modules'))
    for (const [file, folder] of Object.entries(added)) {
      const text = readFileSync(join(fixture, file), 'utf8').replaceAll("'../../../src/", "'../")
      writeFileSync(join(tree, 'src', folder, file), text)
    }
    for (const folder of ['exchanges', 'warehouses'] as const) {
      writeFileSync(join(tree, 'src', folder, 'index.ts'), registry(tree, folder))
      writeFileSync(join(tree, 'src', folder, 'by-name.ts'), loaders(tree, folder))
    }
    const done = join(work, 'done')
    await build(tree, join(done, 'dist'))
    cpSync(join(tree, 'action.yml'), join(done, 'action.yml'))
    try {
      renameSync(done, place)
    } catch (error) {
      if (!existsSync(place)) throw error
    }
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}

/** In a process of its own: the bundler is not made for jest's realm. */
async function build(tree: string, out: string): Promise<void> {
  const module = pathToFileURL(join(root, 'scripts', 'build.ts')).href
  const code = `const { build } = await import(${JSON.stringify(module)})\nawait build(...process.argv.slice(1))`
  const { NODE_OPTIONS: _, ...env } = process.env
  await promisify(execFile)(process.execPath, ['--input-type=module', '--eval', code, tree, out], { env })
}

function hashOf(): string {
  const hash = createHash('sha256')
  const add = (file: string): void => void hash.update(`${file}\0`).update(readFileSync(file)).update('\0')
  for (const directory of [join(root, 'src'), join(root, 'stubs'), fixture])
    for (const path of filesBelow(directory)) add(join(directory, path))
  for (const name of [
    'action.yml',
    'tsconfig.json',
    'tsconfig.build.json',
    'package.json',
    'package-lock.json',
  ])
    add(join(root, name))
  for (const name of ['build.ts', 'generate/registry.ts']) add(join(root, 'scripts', name))
  add(import.meta.filename)
  return hash.digest('hex').slice(0, 24)
}
