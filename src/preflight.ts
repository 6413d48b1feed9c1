import type { Access } from './access.ts'
import type { ReadyDbt } from './dbt/run.ts'
import { fail } from './errors.ts'
import type { Host } from './host.ts'
import { visible } from './policy/visible.ts'
import { runPython } from './dbt/python-script.ts'
import { say } from './report/say.ts'
import type { Finding } from './warehouse.ts'

/** Names of warehouses are compared as these do: without regard to case. */
function differs({ expected, actual }: Finding): boolean {
  return expected !== undefined && actual !== undefined && expected.toUpperCase() !== actual.toUpperCase()
}

/**
 * Logs in once, prints who the warehouse says we are beside what the target says, and stops on a difference. What could
 * not be checked is said.
 */
export async function checkWhoWeAre(
  access: Pick<Access, 'target' | 'preflight'>,
  ready: Pick<ReadyDbt, 'dbt'>,
  host: Host,
): Promise<void> {
  const { warehouse } = access.target
  const findings = await access.preflight((script, input, signal) =>
    runPython(script, input, ready.dbt?.python, { ...host, signal }),
  )
  if (!findings)
    return say(host, 'profile', `preflight: ${warehouse.title} has no login that could be checked`)
  say(host, 'profile', 'preflight: who the warehouse says we are')
  for (const line of findingLines(findings)) host.writer.line(line)
  const wrong = findings.filter(differs)
  if (wrong.length === 0) return
  fail({
    code: 'exchange',
    problem: `${warehouse.title} takes us for somebody else: ${wrong.map(sentence).join('; ')}.`,
    remedy: 'Change the target, or the trust on the other side; dbt was not started.',
    details: findingLines(findings),
  })
}

function sentence({ what, expected = '', actual = '' }: Finding): string {
  return `${what} is ${visible(actual)} and not ${visible(expected)}`
}

/** Each finding as a line: what was expected beside what the other side says. */
export function findingLines(findings: readonly Finding[]): readonly string[] {
  const wide = Math.max(...findings.map(({ what }) => what.length))
  return findings.map((finding) => {
    const { what, expected, actual } = finding
    const mark = actual === undefined ? '?' : differs(finding) ? '✗' : '✓'
    const told = actual === undefined ? 'not told by the warehouse, so not checked' : visible(actual)
    const wanted = expected === undefined || !differs(finding) ? '' : `, expected ${visible(expected)}`
    return `  ${mark} ${what.padEnd(wide)}  ${told}${wanted}`
  })
}
