import type { Bearer } from '../../credential.ts'
import type { Carried, Fault } from '../../warehouse.ts'
import type { Connection } from './connection.ts'

/** Where the token goes to. */
export const MOTHERDUCK = 'api.motherduck.com'

/** As dbt-duckdb tells a database of MotherDuck by its path. */
const PATH = /^(?:md|motherduck):/i
/** A setting, or a parameter of the path, that leads it elsewhere. */
const HOST = /motherduck_host/i

/** Whether the database of a connection, or one that it attaches, is in MotherDuck. */
export function isMotherDuck({ path, attach = [] }: Connection): boolean {
  return [path, ...attach.map((one) => one['path'])].some((one) => typeof one === 'string' && PATH.test(one))
}

/** What does not go together with a token of MotherDuck. */
export function motherDuckFaults(c: Connection): readonly Fault[] {
  const elsewhere = ['path', 'attach', 'settings', 'config_options'].filter((field) =>
    HOST.test(JSON.stringify(c[field]) ?? ''),
  )
  return [
    ...(isMotherDuck(c)
      ? []
      : [
          {
            field: 'path',
            problem:
              'A token of Vault opens a database in MotherDuck, and none of the connection is there: write `path: md:DATABASE`.',
          },
        ]),
    ...elsewhere.map((field) => ({
      field,
      problem: `It names a host by \`motherduck_host\`, to which the token would go in place of ${MOTHERDUCK}: leave that out.`,
    })),
  ]
}

/** The token where dbt-duckdb looks for it. */
export function carryToken({ token }: Bearer): Pick<Carried, 'fields' | 'secrets'> {
  return {
    fields: { motherduck_token: { kind: 'secret', name: 'MOTHERDUCK_TOKEN' } },
    secrets: { MOTHERDUCK_TOKEN: token },
  }
}
