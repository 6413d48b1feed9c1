import { createHash } from 'node:crypto'
import { mkdir, readdir, rm, stat, writeFile } from 'node:fs/promises'
import { basename, dirname, join } from 'node:path'
import * as z from 'zod/mini'
import { fail } from '../errors.ts'
import { jsonIn } from '../json.ts'
import { readRegular } from '../regular.ts'
import { codeOf } from '../retry.ts'
import type { Made } from '../trust/together.ts'
import { titled } from './titled.ts'
import { print, printBeside } from './print.ts'

const ENDINGS = { sql: 'sql', sh: 'sh', json: 'json', hcl: 'tf', properties: 'properties' } as const

/** What stands in the directory about the files that were written there: each with its targets. */
const MANIFEST = '.dbt-oidc-trust.json'
const manifest = z.record(z.string().check(z.regex(/^[\w+-][\w.+-]*$/)), z.array(z.string()))

type Written = Readonly<Record<string, readonly string[]>>

/**
 * Writes each document into a file of its own, and prints their names. What an earlier run wrote for these targets (all
 * where none are named) goes, so that no statement stays that the policy no longer asks for; a file that no run wrote is never touched.
 */
export async function writeAll(
  made: readonly Made[],
  targets: readonly string[] | undefined,
  directory: string,
): Promise<void> {
  const files = new Map(made.map((one, at) => [nameOf(one, at + 1), one]))
  const before = await writtenIn(directory)
  const old = Object.keys(before).filter(
    (name) => targets === undefined || before[name]?.some((target) => targets.includes(target)),
  )
  const foreign = (await entriesOf(directory)).find((name) => files.has(name) && !old.includes(name))
  if (foreign !== undefined)
    refuse(`${join(directory, foreign)} is there, and was not written for these targets.`)
  try {
    await makeDirectory(directory)
    for (const name of old) await rm(join(directory, name), { force: true })
    for (const [name, one] of files)
      await writeFile(join(directory, name), `${titled(one)}\n`, { flag: 'wx' })
    const kept = Object.entries(before).filter(([name]) => !old.includes(name))
    const now: Written = Object.fromEntries([
      ...kept,
      ...[...files].map(([name, one]) => [name, one.targets]),
    ])
    await rm(join(directory, MANIFEST), { force: true })
    await writeFile(join(directory, MANIFEST), `${JSON.stringify(now, null, 2)}\n`, { flag: 'wx' })
  } catch (error) {
    refuse(`${directory} cannot be written to (${codeOf(error)}).`)
  }
  const gone = old.filter((name) => !files.has(name))
  for (const name of files.keys()) print(join(directory, name))
  for (const name of gone) printBeside(`removed ${join(directory, name)}`)
}

/**
 * Makes the directory and those above it, step by step: below /proc and its like none can be made, and there Node's own
 * way would try for ever.
 */
async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory)
  } catch (error) {
    if (codeOf(error) === 'EEXIST') return
    const above = dirname(directory)
    if (codeOf(error) !== 'ENOENT' || above === directory || (await isThere(above))) throw error
    await makeDirectory(above)
    await mkdir(directory)
  }
}

async function isThere(path: string): Promise<boolean> {
  return (await stat(path).catch(() => undefined)) !== undefined
}

async function entriesOf(directory: string): Promise<readonly string[]> {
  try {
    return await readdir(directory)
  } catch (error) {
    if (codeOf(error) === 'ENOENT') return []
    return refuse(
      codeOf(error) === 'ENOTDIR'
        ? `${directory} is a file.`
        : `${directory} cannot be read (${codeOf(error)}).`,
    )
  }
}

async function writtenIn(directory: string): Promise<Written> {
  const path = join(directory, MANIFEST)
  const found = await readRegular(path)
  if (found.kind === 'missing') return {}
  const parsed = manifest.safeParse(found.kind === 'text' ? jsonIn(found.text) : undefined)
  return parsed.success ? parsed.data : refuse(`${path} is not as this command wrote it.`)
}

/** A target may be called anything; its file stays in the directory, and is no other target's. */
function nameOf({ targets, language, file }: Made, number: number): string {
  const whole = targets.join('+')
  const plain = whole.replaceAll(/[^\w+-]/g, '_').slice(0, 100)
  const digest = createHash('sha256').update(whole).digest('hex').slice(0, 8)
  const told = plain === whole ? plain : `${plain}-${digest}`
  return file ? `${told}-${number}-${basename(file.path)}` : `${told}-${number}.${ENDINGS[language]}`
}

function refuse(problem: string): never {
  return fail({
    code: 'configuration',
    problem,
    remedy: 'Name a directory with --out: a new one, or one that holds what this command wrote.',
  })
}
