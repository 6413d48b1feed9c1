import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { comment, sh, sql } from '../../trust/quote.ts'
import { hostOf } from '../sqlserver/host.ts'
import { bracketed } from '../sqlserver/trust.ts'
import type { Connection } from './connection.ts'

/** A dedicated SQL pool knows an app by its display name alone: `WITH SID` is for Azure SQL (learn.microsoft.com, CREATE USER). */
export function trust(c: Connection, { identity }: TrustRequest): readonly TrustDocument[] {
  const user = bracketed('DISPLAY NAME')
  const schema = bracketed(c.schema)
  return [
    {
      title: `The user of the app in the dedicated SQL pool ${c.database}`,
      language: 'sql',
      text: [
        comment('--', [
          `In ${c.database} on ${hostOf(c)}, as the Entra administrator of the workspace.`,
          `DISPLAY NAME is what this prints for the app ${identity}; the pool looks it up in Entra, where no other app may have it:`,
          sh`az ad sp show --id ${identity} --query displayName --output tsv`,
        ]),
        sql`CREATE USER ${user} FROM EXTERNAL PROVIDER;`,
        sql`GRANT CREATE TABLE, CREATE VIEW, CREATE PROCEDURE TO ${user};`,
        ...(c.schema.includes('{')
          ? [
              comment('--', ['dbt makes the schemas of its runs itself.']),
              sql`GRANT CREATE SCHEMA TO ${user};`,
            ]
          : [
              sql`IF SCHEMA_ID(${c.schema}) IS NULL EXEC(${`CREATE SCHEMA ${schema.fragment}`});`,
              sql`GRANT ALTER, SELECT, INSERT, UPDATE, DELETE, EXECUTE, REFERENCES ON SCHEMA::${schema} TO ${user};`,
              comment('--', [
                'Schemas that models name beside this one need the last statement too, and so do sources SELECT.',
              ]),
            ]),
      ].join('\n'),
      heldThere: [],
      checkedHere: [],
    },
  ]
}
