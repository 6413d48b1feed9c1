import { isAbsolute, resolve } from 'node:path'
import { fail } from '../../errors.ts'
import type { Machine } from './machine.ts'

type Reads = Pick<Machine, 'workspace' | 'read'>

/** The adapters of a policy: an environment is for one of its targets. */
export interface Adapters {
  /** Python package of the adapter that the target needs. */
  readonly own: string
  /** Those of the other targets. */
  readonly others: ReadonlySet<string>
}

/** What is to be installed. */
export interface Wanted {
  /** Text of a requirements file. */
  readonly requirements: string
  /** Text of a constraints file: versions of what is not asked for, should something else bring it along. */
  readonly constraints: string
  /** Adapters that only other targets need. */
  readonly leftOut: readonly string[]
  /** Whether every requirement names one version, so that the same environment would be made again. */
  readonly pinned: boolean
}

// A name with extras, and a version or a range of them.
const PLAIN = /^([A-Za-z0-9][\w.-]*)(?:\[[\w.,-]+\])?((?:(?:[=<>!~]=?|===)[\w.*+!,<>=~-]+)?)$/
const PINNED = /^[A-Za-z0-9][\w.-]*(?:\[[\w., -]+\])?\s*={2,3}\s*[\w.+!-]+\s*(?:;[^\\]*)?$/

/** Reads the input `install`, and leaves to the other targets of the policy what only they need. */
export async function wantedOf(given: string, adapters: Adapters, host: Reads): Promise<Wanted> {
  const lines = (await linesOf(given, host)).filter((line) => line !== '')
  const isLeftOut = (line: string): boolean => {
    const name = normal(PLAIN.exec(line)?.[1] ?? '')
    return name !== normal(adapters.own) && adapters.others.has(name)
  }
  const leftOut = lines.filter(isLeftOut)
  return {
    requirements: text(lines.filter((line) => !isLeftOut(line))),
    constraints: text(
      leftOut.map((line) => line.replace(/\[.*?\]/, '')).filter((line) => /[=<>~]/.test(line)),
    ),
    leftOut,
    pinned: lines.every(isPinned),
  }
}

/**
 * One version, or hashes of the version above. What follows the name is taken away first: an expression for all of it
 * would have to try each way to cut a long row of hashes that does not fit.
 */
function isPinned(line: string): boolean {
  const hashes = /(?:^|\s)--hash=\S+/g
  const named = line.replace(/\\$/, '').replaceAll(hashes, '').trim()
  return PINNED.test(named) || (named === '' && line.includes('--hash='))
}

async function linesOf(given: string, host: Reads): Promise<readonly string[]> {
  if (!/^\S+\.txt$/.test(given)) return given.split('\n').flatMap(splitLine)
  const path = isAbsolute(given) ? given : resolve(host.workspace, given)
  const found = await host.read(path)
  if (found.kind === 'text')
    return found.text.split('\n').map((line) => line.replace(/(?:^|\s)#.*$/s, '').trim())
  return fail({
    code: 'install',
    problem: `The requirements file \`${given}\` ${found.kind === 'missing' ? 'does not exist' : 'cannot be read'}.`,
    remedy: 'Name a file of the workspace in `install`, or list the requirements themselves.',
  })
}

/** Several plain requirements on one line are several lines; whatever has markers, URLs or options stays as it is. */
function splitLine(line: string): readonly string[] {
  const words = line
    .trim()
    .split(/\s+/)
    .filter((word) => word !== '')
  return words.every((word) => PLAIN.test(word)) ? words : [line.trim()]
}

function normal(name: string): string {
  return name.toLowerCase().replaceAll(/[-_.]+/g, '-')
}

function text(lines: readonly string[]): string {
  return lines.map((line) => `${line}\n`).join('')
}
