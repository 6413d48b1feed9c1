import type { Target } from '../config/target.ts'
import { DbtOidcError } from '../errors.ts'
import type { Want } from '../exchange.ts'

/** The same error with every host of the run, where one cannot be reached: whoever opens the way to one opens it to all. */
export function withHosts(error: unknown, { exchange, bound }: Target, want: Want): unknown {
  if (!(error instanceof DbtOidcError) || error.code !== 'host-unreachable') return error
  const { code, problem, remedy, details, cause } = error
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
