import { readFileSync } from 'node:fs'
import { join, relative } from 'node:path'
import * as z from 'zod/mini'
import { runJest } from '../jest.ts'
import { sourcesOf, testsOf } from './sources.ts'
import type { Group } from './groups.ts'

/** What part of a group's sources its tests run through, in percent, and the files that are not run through whole. */
export interface Coverage {
  readonly lines: number
  readonly branches: number
  readonly files: readonly { readonly file: string; readonly lines: number; readonly branches: number }[]
}

const ROOT = join(import.meta.dirname, '..', '..')

const Counted = z.object({ total: z.number(), covered: z.number() })
const Summary = z.record(z.string(), z.object({ lines: Counted, branches: Counted }))

type Counts = z.infer<typeof Counted>

/** Runs the tests of a group and counts; a file that no test loads counts with all its lines. */
export async function cover(group: Group): Promise<Coverage> {
  const directory = join(ROOT, '.cache', 'coverage', group.name.replaceAll(' ', '-'))
  const { exitCode } = await runJest([
    '--coverage',
    '--coverageReporters=json-summary',
    `--coverageDirectory=${directory}`,
    ...sourcesOf(group).map((source) => `--collectCoverageFrom=${source}`),
    '--runTestsByPath',
    ...testsOf(group),
  ])
  if (exitCode !== 0) throw new Error(`The tests of ${group.name} fail; what they say stands above.`)
  const summary = Summary.parse(JSON.parse(readFileSync(join(directory, 'coverage-summary.json'), 'utf8')))
  const { total, ...files } = summary
  if (!total) throw new Error(`jest has counted nothing for ${group.name}.`)
  return {
    lines: percent(total.lines),
    branches: percent(total.branches),
    files: Object.entries(files).map(([path, { lines, branches }]) => ({
      file: relative(ROOT, path),
      lines: percent(lines),
      branches: percent(branches),
    })),
  }
}

/** Rounded down: 94.99 is not 95. A file of types alone has nothing to run through. */
function percent({ total, covered }: Counts): number {
  return total === 0 ? 100 : Math.floor((10_000 * covered) / total) / 100
}
