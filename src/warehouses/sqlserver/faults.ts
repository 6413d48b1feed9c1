import type { Diagnosis } from '../../exchange.ts'
import { isLoopbackHost } from '../../rehearsal.ts'
import type { Fault } from '../../warehouse.ts'
import { isVendors, tlsFaults } from './connection.ts'
import { hostOf, type Hosted } from './host.ts'

/** What would hand a token of Entra to somebody else: a host that is not Microsoft's, or a way without TLS. */
export function exposes(
  c: Hosted & Readonly<Record<string, unknown>>,
  to: string,
  write: string,
): readonly Fault[] {
  const host = hostOf(c)
  return [
    ...(isVendors(host) || isLoopbackHost(host)
      ? []
      : [
          {
            field: c.host === undefined ? 'server' : 'host',
            problem: `\`${host}\` is not one of Microsoft's: a token of Entra opens every database that knows its holder, so it goes to ${to} alone. Write ${write}.`,
          },
        ]),
    ...tlsFaults(c, host),
  ]
}

/** A login of Entra that the server has taken for valid, and for nobody that it knows. */
export const UNKNOWN_USER = "Login failed for user '<token-identified principal>'"

/** Whether the server says so. */
export function isUnknownUser(error: string): boolean {
  return error.toLowerCase().includes(UNKNOWN_USER.toLowerCase())
}

/** As unixODBC says it. */
export const NO_DRIVER = "Can't open lib 'ODBC Driver 18 for SQL Server'"

/** What is to be done where the driver of Microsoft is not there. */
export function withoutDriver(error: string): Diagnosis | undefined {
  if (!/Can't open lib '(?:ODBC Driver|[^']*msodbcsql)/i.test(error)) return undefined
  return {
    problem: 'The ODBC driver of SQL Server is not on this runner.',
    remedy:
      'Install the package `msodbcsql18` before this step, or write the name of the driver that is there as `driver`.',
  }
}

/** Fields by which the adapters of Microsoft's servers take a credential. */
export const CREDENTIALS = [
  'PWD',
  'pass',
  'password',
  'access_token',
  'client_id',
  'client_secret',
  'app_id',
  'app_secret',
  'tenant_id',
  'auth',
  'authentication',
] as const
