// Glue's interactive sessions, as far as dbt asks for them:
// https://docs.aws.amazon.com/glue/latest/dg/aws-glue-interactive-sessions.html
import { isRecord, scalarText } from '../../shape.ts'
import { openSession, permits, sessionArn, type Role, type Session } from '../account.ts'
import { allows } from '../policy.ts'
import { Refusal } from '../sts.ts'
import { SqlError, type Answered } from './engine.ts'
import { answer, type Parts } from './query.ts'
import { demand, type Operation, type Place } from './service.ts'

interface Options extends Place, Parts {}

/** An interactive session: what it runs it runs as another role, which the caller had to be allowed to pass on. */
interface Interactive {
  readonly as: Session
  readonly statements: Promise<object>[]
}

const GLUE = 'glue.amazonaws.com'

/** The operations; statements are Python, of which what is handed to Spark as SQL is run. */
export function sessions(options: Options): Readonly<Record<string, Operation>> {
  const { cloud, region, account } = options
  const open = new Map<string, Interactive>()
  const arn = (id: unknown): string => `arn:aws:glue:${region}:${account}:session/${scalarText(id)}`
  const of = (session: Session, action: string, id: unknown): Interactive => {
    demand(session, `glue:${action}`, [arn(id)])
    const found = open.get(scalarText(id))
    if (found) return found
    throw new Refusal(400, 'EntityNotFoundException', `Session ${scalarText(id)} not found`)
  }
  return {
    async CreateDatabase(session, { DatabaseInput }) {
      const schema = isRecord(DatabaseInput) ? scalarText(DatabaseInput['Name']) : ''
      options.catalog.demand(session, 'CreateDatabase', { schema, name: '' })
      options.catalog.keep(await options.engine.run(`create schema \`${schema}\``))
      return {}
    },
    CreateSession(session, { Id, Role }) {
      demand(session, 'glue:CreateSession', [arn(Id)])
      const role = passed(session, cloud.roles.get(scalarText(Role)), scalarText(Role))
      const as = openSession(cloud, role, 'GlueJobRunnerSession', 3600, [])
      open.set(scalarText(Id), { as, statements: [] })
      return { Session: { Id, Status: 'PROVISIONING', Role } }
    },
    GetSession(session, { Id }) {
      of(session, 'GetSession', Id)
      return { Session: { Id, Status: 'READY' } }
    },
    StopSession(session, { Id }) {
      of(session, 'StopSession', Id)
      open.delete(scalarText(Id))
      return { Id }
    },
    RunStatement(session, { SessionId, Code }) {
      const { as, statements } = of(session, 'RunStatement', SessionId)
      return { Id: statements.push(outputOf(options, as, scalarText(Code))) - 1 }
    },
    async GetStatement(session, { SessionId, Id }) {
      const { statements } = of(session, 'GetStatement', SessionId)
      const output = await statements[Number(Id)]
      if (!output) throw new Refusal(400, 'EntityNotFoundException', `Statement ${scalarText(Id)} not found`)
      return { Statement: { Id, State: 'AVAILABLE', Output: output } }
    },
  }
}

/** The role that a session is to run as: the caller may pass it to Glue, and it trusts Glue. */
function passed(session: Session, role: Role | undefined, arn: string): Role {
  const context = new Map([['iam:passedtoservice', GLUE]])
  if (!permits(session, 'iam:PassRole', arn, context))
    throw new Refusal(
      400,
      'AccessDenied',
      `User: ${sessionArn(session)} is not authorized to perform: iam:PassRole on resource: ${arn}`,
    )
  const trusts =
    role &&
    allows([role.trust], { action: 'sts:AssumeRole', principal: ['Service', GLUE], context: new Map() })
  if (role && trusts) return role
  throw new Refusal(400, 'InvalidInputException', `Glue may not assume the role ${arn}`)
}

async function outputOf(options: Options, as: Session, code: string): Promise<object> {
  try {
    let last: Answered | undefined
    for (const sql of await options.engine.statementsIn(code)) last = await answer(options, as, sql)
    return { Status: 'ok', Data: { TextPlain: last ? JSON.stringify(printed(last)) : '' } }
  } catch (error) {
    if (!(error instanceof Refusal) && !(error instanceof SqlError)) throw error
    return { Status: 'error', ErrorName: 'AnalysisException', ErrorValue: error.message }
  }
}

/** As the adapter's own code in the session prints a result. */
function printed({ columns = [], rows }: Answered): object {
  if (!rows) return { type: 'results', schema: null, results: null }
  const results = rows.map((row) => ({
    type: 'record',
    data: Object.fromEntries(columns.map(({ name, type }, at) => [name, valueOf(row[at] ?? null, type)])),
  }))
  return { type: 'results', rowcount: rows.length, results, description: columns }
}

function valueOf(text: string | null, type: string): string | number | boolean | null {
  if (text === null) return null
  if (type === 'boolean') return text === 'true'
  return /^(?:big|small|tiny)?int$/.test(type) ? Number(text) : text
}
