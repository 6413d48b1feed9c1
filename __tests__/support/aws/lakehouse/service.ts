// The services of AWS that speak JSON, with the operation in a header or in the path:
// https://smithy.io/2.0/aws/protocols/aws-json-1_1-protocol.html
import type { IncomingMessage, ServerResponse } from 'node:http'
import { readBody } from '../../issuer-server.ts'
import { parseRecord } from '../../shape.ts'
import { permits, sessionArn, type Cloud, type Session } from '../account.ts'
import { headersOf, Refusal, signer } from '../sts.ts'

/** One call with what became of it. */
export interface ServiceCall {
  /** `glue:GetTable` */
  readonly action: string
  readonly outcome: string
  /** Of the keys that have signed it; empty where they were not accepted. */
  readonly accessKeyId: string
  readonly at: number
}

/** Where a service is and who is known there. */
export interface Place {
  readonly cloud: Cloud
  readonly region: string
  readonly account: string
}

type Body = Readonly<Record<string, unknown>>

/** What a service answers to a call that is signed with keys that live. */
export type Operation = (session: Session, body: Body) => Promise<object> | object

/** A service, for the host of its name. */
export interface Service {
  readonly host: string
  readonly calls: readonly ServiceCall[]
  handle(res: ServerResponse, req: IncomingMessage): Promise<void>
}

/** As these services name what the signature of a call comes to. */
const NAMES: Readonly<Record<string, string>> = {
  AccessDenied: 'AccessDeniedException',
  ExpiredToken: 'ExpiredTokenException',
  InvalidClientTokenId: 'UnrecognizedClientException',
  SignatureDoesNotMatch: 'InvalidSignatureException',
  MissingAuthenticationToken: 'MissingAuthenticationTokenException',
}

/** Starts one with these operations; any other is refused. */
export function newService(
  { cloud, region }: Place,
  name: string,
  operations: Readonly<Record<string, Operation>>,
): Service {
  const calls: ServiceCall[] = []
  const host = `${name}.${region}.amazonaws.com`
  return {
    host,
    calls,
    async handle(res, req) {
      const body = await readBody(req)
      const headers = headersOf(req)
      const operation = headers['x-amz-target']?.split('.')[1] ?? (req.url ?? '/').slice(1)
      const at = Date.now()
      let accessKeyId = ''
      const note = (outcome: string): void =>
        void calls.push({ action: `${name}:${operation}`, outcome, accessKeyId, at })
      const say = (status: number, said: object): void =>
        void res.writeHead(status, { 'content-type': 'application/x-amz-json-1.1' }).end(JSON.stringify(said))
      try {
        const arrived = { method: req.method ?? '', target: req.url ?? '/', headers, body }
        const session = signer({ cloud, region, host }, name, arrived)
        accessKeyId = session.accessKeyId
        const answer = operations[operation]
        if (!answer) throw new Refusal(400, 'UnknownOperationException', `${operation} is not known here.`)
        const said = await answer(session, parseRecord(body))
        note('ok')
        say(200, said)
      } catch (error) {
        if (!(error instanceof Refusal)) throw error
        if (error.code === 'ExpiredToken') accessKeyId = error.detail
        const code = NAMES[error.code] ?? error.code
        note(code)
        say(error.status, { __type: code, message: error.message })
      }
    },
  }
}

/** Refuses who may not do this to each of these, in AWS's words. */
export function demand(session: Session, action: string, resources: readonly string[]): void {
  for (const resource of resources)
    if (!permits(session, action, resource))
      throw new Refusal(
        400,
        'AccessDenied',
        `User: ${sessionArn(session)} is not authorized to perform: ${action} on resource: ${resource}`,
      )
}
