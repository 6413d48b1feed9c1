import type { Failure } from '../errors.ts'
import { clip, oneLine, plain } from '../report/plain.ts'

/** dbt 2.x writes a name and a number in front of what it, or a driver, has to say. */
const CODED = /\[(AuthenticationFailed|InvalidConfig) \((dbt\d{4})\)\]:?[ \t]*([^\n]*)/

const LONGEST = 600

const MEANT: Readonly<Record<string, readonly [code: Failure['code'], what: string, remedy: string]>> = {
  AuthenticationFailed: [
    'exchange',
    'dbt 2 could not log in',
    'It is the driver that speaks there: what it says is of the warehouse, or of a field of the output. A run with `until: exchange` shows who the other side says we are.',
  ],
  InvalidConfig: [
    'dbt',
    'dbt 2 does not take a setting',
    'It is the profile or the project: dbt 2 knows fewer fields and ways to log in than 1.x. The docs page of the warehouse says which.',
  ],
}

/** What dbt 2.x itself says of a login or a setting, whatever the adapter. */
export function diagnoseDbt(output: string): Failure | undefined {
  const [, name = '', number = '', said = ''] = CODED.exec(plain(output)) ?? []
  const found = MEANT[name]
  if (!found) return undefined
  const [code, what, remedy] = found
  return {
    code,
    problem: `${what} (${number}): ${clip(oneLine(said), LONGEST) || 'without a reason'}`,
    remedy,
  }
}
