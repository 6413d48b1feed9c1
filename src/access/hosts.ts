import type { Target } from '../config/target.ts'
import { DbtOidcError } from '../errors.ts'
import type { Want } from '../exchange.ts'

/** The error that one host cannot be reached, with every host of the run: whoever opens the way to one opens it to all. */
export function withHosts(
  { code, problem, remedy, details, cause }: DbtOidcError,
  { exchange, bound }: Target,
  want: Want,
): DbtOidcError {
  const reached = [
    ['the step', exchange.hosts(want)],
    ['dbt', bound.hosts()],
  ] as const
  const line = reached
    .flatMap(([who, hosts]) => (hosts.length === 0 ? [] : [`${who} reaches ${hosts.join(', ')}`]))
    .join('; ')
  return new DbtOidcError({
    code,
    problem,
    remedy,
    cause,
    details: line === '' ? details : [...details, `hosts: ${line}`],
  })
}
