// Athena, as far as dbt asks for it: https://docs.aws.amazon.com/athena/latest/APIReference/API_Operations.html
import { randomUUID } from 'node:crypto'
import { scalarText } from '../../shape.ts'
import type { Session } from '../account.ts'
import { Refusal } from '../sts.ts'
import { SqlError, type Answered } from './engine.ts'
import { answer, type Parts } from './query.ts'
import { demand, type Operation, type Place } from './service.ts'

interface Options extends Place, Parts {
  /** Milliseconds that a query takes that holds this text, each once. */
  readonly slow?: () => readonly { readonly text: string; readonly by: number }[]
}

interface Query {
  readonly workGroup: string
  readonly endsAt: number
  /** What it says, or why it failed. */
  readonly done: Promise<Answered | string>
}

/** What makes a statement a query and not a definition. */
const READS = new Set(['select', 'with', 'values'])

/** The operations. What a query touches, Athena asks of the catalog and of S3 with the rights of its caller. */
export function athena(options: Options): Readonly<Record<string, Operation>> {
  const { region, account, catalog } = options
  const arn = `arn:aws:athena:${region}:${account}`
  const queries = new Map<string, Query>()
  const waited = new Set<string>()
  const of = (session: Session, action: string, id: unknown): Query => {
    const query = queries.get(scalarText(id))
    if (!query) throw new Refusal(400, 'InvalidRequestException', 'QueryExecution was not found')
    demand(session, `athena:${action}`, [`${arn}:workgroup/${query.workGroup}`])
    return query
  }
  return {
    GetWorkGroup(session, { WorkGroup }) {
      demand(session, 'athena:GetWorkGroup', [`${arn}:workgroup/${scalarText(WorkGroup)}`])
      return { WorkGroup: { Name: WorkGroup, Configuration: { EnforceWorkGroupConfiguration: false } } }
    },
    GetDataCatalog(session, { Name }) {
      demand(session, 'athena:GetDataCatalog', [`${arn}:datacatalog/${scalarText(Name)}`])
      return { DataCatalog: { Name, Type: 'GLUE', Parameters: { 'catalog-id': account } } }
    },
    StartQueryExecution(session, body) {
      const workGroup = scalarText(body['WorkGroup'] ?? 'primary')
      demand(session, 'athena:StartQueryExecution', [`${arn}:workgroup/${workGroup}`])
      const sql = scalarText(body['QueryString'])
      const slow = options.slow?.().find(({ text }) => sql.includes(text) && !waited.has(text))
      if (slow) waited.add(slow.text)
      const id = randomUUID()
      // "A policy for access to your database and to the AWS Glue Data Catalog in your account per AWS Region must be present",
      // also to that of the name default (fine-grained-access-to-glue-resources).
      catalog.demand(session, 'GetDatabase', { schema: 'default', name: '' })
      const done = answer(options, session, sql).catch((error: unknown) => {
        if (error instanceof Refusal || error instanceof SqlError) return error.message
        throw error
      })
      queries.set(id, { workGroup, endsAt: Date.now() + (slow?.by ?? 0), done })
      return { QueryExecutionId: id }
    },
    async GetQueryExecution(session, { QueryExecutionId: id }) {
      const { done, endsAt } = of(session, 'GetQueryExecution', id)
      const result = await done
      if (endsAt > Date.now()) return { QueryExecution: { Status: { State: 'RUNNING' } } }
      const status =
        typeof result === 'string'
          ? { State: 'FAILED', StateChangeReason: result, AthenaError: { ErrorCategory: 2, ErrorType: 1 } }
          : { State: 'SUCCEEDED' }
      const reads = typeof result !== 'string' && READS.has(result.kind)
      return {
        QueryExecution: {
          QueryExecutionId: id,
          StatementType: reads ? 'DML' : 'DDL',
          Status: status,
          Statistics: { DataScannedInBytes: 0 },
        },
      }
    },
    async GetQueryResults(session, { QueryExecutionId: id }) {
      const result = await of(session, 'GetQueryResults', id).done
      if (typeof result === 'string')
        throw new Refusal(400, 'InvalidRequestException', 'Query did not finish')
      if (!READS.has(result.kind)) return { UpdateCount: 0, ResultSet: { Rows: [] } }
      const { columns = [], rows = [] } = result
      return {
        ResultSet: {
          // The first one is the header.
          Rows: [columns.map(({ name }) => name), ...rows].map((row) => ({ Data: row.map(datum) })),
          ResultSetMetadata: { ColumnInfo: columns.map(({ name, type }) => ({ Name: name, Type: type })) },
        },
      }
    },
    StopQueryExecution(session, { QueryExecutionId: id }) {
      of(session, 'StopQueryExecution', id)
      return {}
    },
  }
}

function datum(text: string | null): object {
  return text === null ? {} : { VarCharValue: text }
}
