import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { comment, jsonWord, sh, sql } from '../../trust/quote.ts'
import { bracketed } from '../sqlserver/trust.ts'
import type { Connection } from './connection.ts'

/** What lets an app into a workspace of Fabric, and what it may do in the warehouse. */
export function trust(c: Connection, { identity }: TrustRequest): readonly TrustDocument[] {
  const workspace = c.workspace_id ?? 'WORKSPACE'
  const body = { principal: { id: 'OBJECT_ID', type: 'ServicePrincipal' }, role: 'Contributor' }
  const schema = bracketed(c.schema)
  return [
    {
      title: 'The app in the workspace of Fabric',
      language: 'sh',
      text: [
        comment('#', [
          'The tenant setting "Service principals can call Fabric public APIs" has to be on for the app (admin portal of Fabric).',
          `OBJECT_ID is what this prints for the app ${identity}:`,
          sh`az ad sp show --id ${identity} --query id --output tsv`,
          ...(c.workspace_id === undefined
            ? ['WORKSPACE is the id of the workspace: it stands in its address, behind /groups/.']
            : []),
          'Contributor is the least role that may write to every warehouse of the workspace.',
        ]),
        sh`az rest --method post --resource https://api.fabric.microsoft.com --url ${`https://api.fabric.microsoft.com/v1/workspaces/${workspace}/roleAssignments`} --body ${jsonWord(body)}`,
      ].join('\n'),
      heldThere: [],
      checkedHere: [],
    },
    {
      title: `The schema ${c.schema} of the warehouse ${c.database}`,
      language: 'sql',
      text: [
        comment('--', [
          `In ${c.database}, by somebody who may make schemas. Contributors may read and write it.`,
        ]),
        c.schema.includes('{')
          ? comment('--', ['dbt makes the schemas of its runs itself; nothing is to be done.'])
          : sql`IF SCHEMA_ID(${c.schema}) IS NULL EXEC(${`CREATE SCHEMA ${schema.fragment}`});`,
      ].join('\n'),
      heldThere: [],
      checkedHere: [],
    },
  ]
}
