import { coloured } from './colour.ts'
import { EXIT } from './exit.ts'
import type { Finding } from '../findings.ts'
import { sorted } from '../findings.ts'
import { print, printJson } from './print.ts'

/** How findings are wanted. */
export interface Telling {
  readonly json?: boolean
  /** Warnings count as errors do. */
  readonly strict?: boolean
}

/** Prints findings and sets the exit code: 1 where one of them is an error. */
export function printFindings(found: readonly Finding[], looked: string, telling: Telling): void {
  const findings = sorted(found)
  const colour = coloured(process.stdout)
  if (telling.json) printJson(findings)
  else print([...findings.map((one) => block(one, colour)), summary(findings, looked)].join('\n\n'))
  const counts = telling.strict ? ['error', 'warning'] : ['error']
  if (findings.some(({ severity }) => counts.includes(severity))) process.exitCode = EXIT.no
}

/** Of ECMA-48's select graphic rendition. */
const COLOURS = { error: '1;31', warning: '1;33', note: '1;36' } as const

function block({ code, severity, where, about, problem, remedy, paste }: Finding, colour: boolean): string {
  const head = colour ? `\u001b[${COLOURS[severity]}m${severity}\u001b[0m` : severity
  return [
    `${head} ${code}  ${where}  (${about})`,
    `  ${problem}`,
    `  → ${remedy}`,
    ...(paste ?? '')
      .split('\n')
      .filter((line) => line !== '')
      .map((line) => `      ${line}`),
  ].join('\n')
}

function summary(findings: readonly Finding[], looked: string): string {
  const count = (severity: Finding['severity'], word: string): string => {
    const number = findings.filter((one) => one.severity === severity).length
    return `${number} ${word}${number === 1 ? '' : 's'}`
  }
  return `${looked}: ${count('error', 'error')}, ${count('warning', 'warning')}, ${count('note', 'note')}.`
}
