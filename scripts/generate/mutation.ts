import { GROUPS, type Group } from '../mutation/groups.ts'
import { recordOf, type Survivor } from '../mutation/record.ts'

/** The last scores, and each mutant that lives with the reason for it. */
export function survivors(): string {
  return GROUPS.map(section).join('\n\n')
}

function section(group: Group): string {
  const { mutation, coverage } = recordOf(group)
  const lines = coverage && `${coverage.lines} % of lines and ${coverage.branches} % of branches`
  if (!mutation) return `## ${group.name}\n\nNot measured yet${lines ? `; ${lines}` : ''}.`
  const { score, killed, timeout, survived, noCoverage } = mutation
  const figures = `**${score} %** of ${killed + timeout + survived + noCoverage} mutants: ${killed} killed, ${timeout} without end, ${survived} survived, ${noCoverage} never run${lines ? `; ${lines}` : ''}.`
  return [`## ${group.name}`, figures, list(mutation.survivors)].join('\n\n').trim()
}

/** Of one reason all mutants stand together. */
function list(all: readonly Survivor[]): string {
  const byReason = Map.groupBy(all, ({ why }) => why || 'Nobody has said why yet.')
  return [...byReason].map(([why, some]) => [why, '', ...some.map(line)].join('\n')).join('\n\n')
}

function line({ file, line, was, now }: Survivor): string {
  return `- \`${file}:${line}\` ${code(was)} → ${code(now)}`
}

/** Cut where it is long: the place says the rest. */
function code(text: string): string {
  const short = text.length > 80 ? `${text.slice(0, 80)}…` : text
  const fence = short.includes('`') ? '``' : '`'
  return `${fence}${fence === '``' ? ` ${short} ` : short}${fence}`
}
