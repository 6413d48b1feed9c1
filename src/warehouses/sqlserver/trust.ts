import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { comment, inert, sql, verbatim } from '../../trust/quote.ts'
import type { Connection } from './connection.ts'
import { hostOf } from './host.ts'

/**
 * The user of an app in a database. By its application id as SID the server need not ask Entra for the name
 * (learn.microsoft.com, "Microsoft Entra service principals with Azure SQL"): the GUID in the byte order of `uniqueidentifier`.
 */
export function trust(c: Connection, { identity, target }: TrustRequest): readonly TrustDocument[] {
  const user = bracketed(`dbt-oidc-${target}`)
  const schema = bracketed(c.schema)
  const named = !c.schema.includes('{')
  return [
    {
      title: `The user of the app in the database ${c.database}`,
      language: 'sql',
      text: [
        comment('--', [
          `In ${c.database} on ${hostOf(c)}, as its Entra administrator. The user stands for the app ${identity}, by its application id.`,
          'Or by its display name, which the server then looks up: CREATE USER [DISPLAY NAME] FROM EXTERNAL PROVIDER;',
        ]),
        sql`CREATE USER ${user} WITH SID = ${verbatim(sidOf(identity))}, TYPE = E;`,
        sql`GRANT CREATE TABLE, CREATE VIEW, CREATE PROCEDURE, CREATE FUNCTION TO ${user};`,
        ...(named
          ? [
              sql`IF SCHEMA_ID(${c.schema}) IS NULL EXEC(${`CREATE SCHEMA ${schema.fragment}`});`,
              sql`GRANT ALTER, SELECT, INSERT, UPDATE, DELETE, EXECUTE, REFERENCES ON SCHEMA::${schema} TO ${user};`,
              comment('--', [
                'Schemas that models name beside this one need the last statement too, and so do sources SELECT.',
              ]),
            ]
          : [
              comment('--', ['dbt makes the schemas of its runs itself.']),
              sql`GRANT CREATE SCHEMA TO ${user};`,
            ]),
      ].join('\n'),
      heldThere: [],
      checkedHere: [],
    },
  ]
}

/** T-SQL, "Delimited identifiers": a closing bracket is doubled. */
export function bracketed(name: string) {
  return verbatim(`[${inert(name).replaceAll(']', ']]')}]`)
}

/** A GUID as the 16 bytes that T-SQL keeps it in: its first three groups in reverse order. */
export function sidOf(guid: string): string {
  const [a = '', b = '', c = '', d = '', e = ''] = guid.toUpperCase().split('-')
  return `0x${[a, b, c].map(reversed).join('')}${d}${e}`
}

function reversed(hex: string): string {
  return (hex.match(/../g) ?? []).toReversed().join('')
}
