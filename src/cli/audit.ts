import { writeFile } from 'node:fs/promises'
import { reachedBy, type Reached } from '../audit/reached.ts'
import { together, type AuditLog } from '../audit/read.ts'
import { isRefused, isWanted, type Wanted } from '../audit/select.ts'
import { csvOf, tableOf } from '../audit/told.ts'
import { fail } from '../errors.ts'
import { auditLine } from '../report/audit.ts'
import { count } from '../report/plain.ts'
import { codeOf } from '../retry.ts'
import { columns } from './columns.ts'
import { coloured } from './colour.ts'
import { EXIT } from './exit.ts'
import { painter } from './paint.ts'
import { print, printBeside, printJson } from './print.ts'

/** How the answer is printed, and where the records that it was made of are kept. */
export interface Telling extends Wanted {
  readonly csv?: boolean
  readonly json?: boolean
  readonly out?: string
}

/**
 * Prints who reached which target when. What could not be read is named and makes the exit code 3, since nobody knows
 * what stands there; with `refused` anything found makes it 1.
 */
export async function tellReached(logs: readonly AuditLog[], telling: Telling): Promise<void> {
  const { records, faults } = together(logs)
  if (telling.out !== undefined) await keep(telling.out, records.map(auditLine))
  const found = reachedBy(records).filter((one) => isWanted(one, telling))
  tell(found, faults, telling)
  // JSON holds them, and so a reader of JSON alone has them as well.
  for (const fault of faults) printBeside(`! ${fault}`)
  if (faults.length > 0) process.exitCode = EXIT.unanswered
  else if (telling.refused && found.length > 0) process.exitCode = EXIT.no
}

function tell(found: readonly Reached[], missing: readonly string[], { csv, json }: Telling): void {
  if (json) printJson({ reached: found, missing })
  else if (csv) process.stdout.write(csvOf(found))
  else print(found.length === 0 ? 'Nobody: no record fits.' : textOf(found))
}

function textOf(found: readonly Reached[]): string {
  const [head = '', ...lines] = columns(tableOf(found))
  const paint = painter(coloured(process.stdout))
  const shown = lines.map((line, at) => (found[at] && isRefused(found[at]) ? paint('red', line) : line))
  return [paint('bold', head), ...shown, '', summary(found)].join('\n')
}

function summary(found: readonly Reached[]): string {
  const refused = found.filter(isRefused).length
  const different = (key: 'actor' | 'target'): number => new Set(found.map((one) => one[key])).size
  return `${count(found.length, 'job')} by ${count(different('actor'), 'actor')} at ${count(different('target'), 'target')}, ${refused} refused.`
}

/** Evidence is never written over. */
async function keep(path: string, lines: readonly string[]): Promise<void> {
  try {
    await writeFile(path, lines.map((line) => `${line}\n`).join(''), { flag: 'wx', mode: 0o600 })
  } catch (error) {
    fail({
      code: 'configuration',
      problem:
        codeOf(error) === 'EEXIST'
          ? `${path} is there already.`
          : `${path} cannot be written (${codeOf(error)}).`,
      remedy: 'Name a new file with --out.',
    })
  }
}
