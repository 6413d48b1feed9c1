import type { Finding } from '../findings.ts'
import { visible } from '../policy/visible.ts'
import { count } from '../report/plain.ts'
import type { Difference } from '../trust/drift.ts'
import { columns } from './columns.ts'
import type { Drift } from './drift.ts'
import { print, printJson } from './print.ts'

/** Prints what differs, field by field, or as JSON. */
export function printDrift(all: readonly Drift[], json: boolean): void {
  if (json) printJson(all)
  else print(all.map(blockOf).join('\n\n'))
}

function blockOf({ target, differences, notShown, findings }: Drift): string {
  const subjects = [...new Set(differences.map(({ what }) => what))]
  return [
    `${target}: ${headline(differences, notShown, findings)}.`,
    ...subjects.flatMap((what) => [
      '',
      visible(what),
      ...tableOf(differences.filter((one) => one.what === what)),
    ]),
    ...notShown.map((what) => `Not shown, and so not compared: ${visible(what)}.`),
    ...findings.flatMap(linesOf),
    ...(differences.length === 0
      ? []
      : ['', `\`dbt-oidc trust --target ${target}\` prints what the policy would write.`]),
  ].join('\n')
}

function headline(
  differences: readonly Difference[],
  notShown: readonly string[],
  findings: readonly Finding[],
): string {
  if (differences.length > 0) return `${counted(differences)} from what the policy would write`
  if (findings.some(({ code }) => code === 'not-compared')) return 'was not compared'
  return notShown.length === 0 ? 'stands as the policy has it' : 'what was shown stands as the policy has it'
}

function linesOf({ severity, code, about, problem, remedy, paste = '' }: Finding): readonly string[] {
  const pasted = paste.split('\n').filter((line) => line !== '')
  return [
    `${severity} ${code}  ${about}`,
    `  ${problem}`,
    `  → ${remedy}`,
    ...pasted.map((line) => `      ${line}`),
  ]
}

function counted(differences: readonly Difference[]): string {
  const wider = differences.filter(({ severity }) => severity === 'error').length
  const narrower = differences.length - wider
  const words = [
    ...(wider === 0 ? [] : [`${wider} that may let in others`]),
    ...(narrower === 0 ? [] : [`${narrower} that keep somebody out`]),
  ]
  return `${count(differences.length, 'difference')} (${words.join(', ')})`
}

const HEAD = ['', 'field', 'policy', 'there', 'way']

/** A line for each value, so that long lists stay readable. */
function tableOf(differences: readonly Difference[]): readonly string[] {
  return columns([HEAD, ...differences.flatMap(rowsOf)])
}

function rowsOf({ verdict, field, policy, there, way }: Difference): readonly (readonly string[])[] {
  const height = Math.max(1, policy.length, there.length)
  return Array.from({ length: height }, (_row, at) => [
    at === 0 ? verdict : '',
    at === 0 ? visible(field) : '',
    visible(policy[at] ?? (at === 0 ? '(none)' : '')),
    visible(there[at] ?? (at === 0 ? '(none)' : '')),
    at === 0 ? visible(way) : '',
  ])
}
