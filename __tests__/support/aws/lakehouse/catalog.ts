// Glue's Data Catalog, as far as dbt asks for it: https://docs.aws.amazon.com/glue/latest/webapi/API_Operations.html
import { scalarText } from '../../shape.ts'
import type { Session } from '../account.ts'
import { Refusal } from '../sts.ts'
import type { Answered, Relation } from './engine.ts'
import { demand, type Operation, type Place } from './service.ts'

/** A table or view, in the shape in which the catalog tells of it. */
interface Table {
  readonly DatabaseName: string
  readonly Name: string
  readonly TableType: 'EXTERNAL_TABLE' | 'VIRTUAL_VIEW'
  readonly Parameters: Readonly<Record<string, string>>
  readonly PartitionKeys: readonly never[]
  readonly VersionId: string
  readonly StorageDescriptor: {
    readonly Columns: readonly { readonly Name: string; readonly Type: string }[]
    readonly Location?: string
  }
}

/** The catalog of an account: databases, and their tables by name. */
export interface Catalog {
  readonly databases: Map<string, Map<string, Table>>
  readonly operations: Readonly<Record<string, Operation>>
  /** Refuses who may not do this to a relation or a database, and to all that is above it. */
  demand(session: Session, action: string, of: Relation): void
  /** What a statement has made or taken away. */
  keep(done: Answered): void
  tableOf(of: Relation): Table | undefined
}

/** Starts with the database that each account has. */
export function newCatalog({ region, account }: Place): Catalog {
  const databases = new Map<string, Map<string, Table>>([['default', new Map()]])
  const arn = `arn:aws:glue:${region}:${account}`
  // "All operations performed on a Data Catalog resource require permission on the resource and all the ancestors of that
  // resource" (glue-specifying-resource-arns).
  const above = (session: Session, action: string, { schema, name }: Relation): void =>
    demand(session, `glue:${action}`, [
      `${arn}:catalog`,
      ...(schema === '' ? [] : [`${arn}:database/${schema}`]),
      ...(name === '' ? [] : [`${arn}:table/${schema}/${name}`]),
    ])
  const database = (schema: string): Map<string, Table> => {
    const found = databases.get(schema)
    if (found) return found
    throw new Refusal(400, 'EntityNotFoundException', `Database ${schema} not found.`)
  }
  const table = ({ schema, name }: Relation): Table => {
    const found = database(schema).get(name)
    if (found) return found
    throw new Refusal(400, 'EntityNotFoundException', `Entity Not Found: ${schema}.${name}`)
  }
  return {
    databases,
    demand: above,
    tableOf: ({ schema, name }) => databases.get(schema)?.get(name),
    keep: (done) => keep(databases, done),
    operations: {
      GetDatabases(session) {
        above(session, 'GetDatabases', { schema: '', name: '' })
        return { DatabaseList: [...databases.keys()].map((Name) => ({ Name })) }
      },
      GetDatabase(session, { Name }) {
        const schema = scalarText(Name)
        above(session, 'GetDatabase', { schema, name: '' })
        database(schema)
        return { Database: { Name } }
      },
      GetTables(session, body) {
        const of = asked(body)
        above(session, 'GetTables', of)
        return { TableList: [...database(of.schema).values()] }
      },
      GetTable(session, body) {
        const of = asked(body, body['Name'])
        above(session, 'GetTable', of)
        return { Table: table(of) }
      },
      GetTableVersions(session, body) {
        const of = asked(body, body['TableName'])
        above(session, 'GetTableVersions', of)
        return { TableVersions: [{ Table: table(of), VersionId: '0' }] }
      },
      DeleteTable(session, body) {
        const of = asked(body, body['Name'])
        above(session, 'DeleteTable', of)
        database(of.schema).delete(table(of).Name)
        return {}
      },
    },
  }
}

/** What a call is about: a table of a database, or the database. */
function asked(body: Readonly<Record<string, unknown>>, name: unknown = ''): Relation {
  return { schema: scalarText(body['DatabaseName']), name: scalarText(name) }
}

function keep(databases: Map<string, Map<string, Table>>, done: Answered): void {
  const { kind, of, location, columns = [] } = done
  if (!of) return
  if (kind === 'create schema') {
    if (!databases.has(of.schema)) databases.set(of.schema, new Map())
  } else if (kind.startsWith('drop')) {
    databases.get(of.schema)?.delete(of.name)
  } else if (kind.startsWith('create')) {
    const view = kind === 'create view'
    databases.get(of.schema)?.set(of.name, {
      DatabaseName: of.schema,
      Name: of.name,
      TableType: view ? 'VIRTUAL_VIEW' : 'EXTERNAL_TABLE',
      Parameters: view ? {} : { classification: 'parquet' },
      PartitionKeys: [],
      VersionId: '0',
      StorageDescriptor: {
        Columns: columns.map(({ name, type }) => ({ Name: name, Type: type })),
        ...(location === null ? {} : { Location: location }),
      },
    })
  }
}
