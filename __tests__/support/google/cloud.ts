import type { IncomingMessage, ServerResponse } from 'node:http'
import { readBody, sendJson } from '../issuer-server.ts'
import type { Issuer } from '../issuer.ts'
import { parseRecord, scalarText } from '../shape.ts'
import { readGcloud, type Cloud } from './gcloud.ts'
import { generateAccessToken, isRpcError } from './iam.ts'
import { exchangeToken, type Reach } from './sts.ts'
import { createTokens, type Tokens } from './tokens.ts'

/** A request as one of the two services saw it. */
export interface Seen {
  readonly host: string
  readonly path: string
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>
  readonly body: string
  readonly status: number
  /** In milliseconds since the epoch. */
  readonly at: number
}

/** Google's token service and IAM on the server of an issuer, as the generated commands set them up. */
export interface GoogleCloud {
  readonly cloud: Cloud
  readonly tokens: Tokens
  readonly seen: readonly Seen[]
  /** Answers the next requests to a host with these statuses. */
  failNext(host: 'sts' | 'iamcredentials', ...statuses: readonly number[]): void
}

/** Stands in for `sts.UNIVERSE` and `iamcredentials.UNIVERSE`; `documents` are gcloud commands. */
export function standInForGoogle(
  issuer: Issuer,
  documents: readonly string[],
  universe = 'googleapis.com',
  reach?: Reach,
): GoogleCloud {
  const read = documents.map(readGcloud)
  const cloud = {
    providers: new Map(read.flatMap(({ providers }) => [...providers])),
    bindings: read.flatMap(({ bindings }) => bindings),
    databases: {
      iam: read.some(({ databases }) => databases.iam),
      accounts: read.flatMap(({ databases }) => databases.accounts),
    },
  }
  const tokens = createTokens()
  const seen: Seen[] = []
  const failures = { sts: [] as number[], iamcredentials: [] as number[] }
  const serve = (host: keyof typeof failures, answer: Answer): void => {
    issuer.at(`${host}.${universe}`, async (req: IncomingMessage, res: ServerResponse, path: string) => {
      const body = await readBody(req)
      const at = Date.now()
      const failure = failures[host].shift()
      const { status, reply } =
        failure === undefined ? await answer(path, body, req.headers.authorization) : outage(failure)
      seen.push({ host, path, headers: req.headers, body, status, at })
      sendJson(res, reply, status)
    })
  }
  serve('sts', async (path, body) => {
    if (path !== '/v1/token') return notFound
    const given = await exchangeToken(fieldsOf(body), cloud.providers, reach)
    if ('error' in given) return { status: 400, reply: given }
    const reply = {
      access_token: tokens.issue('ya29.d.', given),
      issued_token_type: 'urn:ietf:params:oauth:token-type:access_token',
      token_type: 'Bearer',
      expires_in: Math.floor((given.expires - Date.now()) / 1000),
    }
    return { status: 200, reply }
  })
  serve('iamcredentials', async (path, body, authorization) => {
    const [, account] = /^\/v1\/projects\/-\/serviceAccounts\/([^/:]+):generateAccessToken$/.exec(path) ?? []
    if (account === undefined) return notFound
    const given = generateAccessToken(account, body, tokens.holderOf(authorization), cloud.bindings)
    if (isRpcError(given)) return { status: given.error.code, reply: given }
    const expireTime = new Date(given.expires).toISOString().replace(/\.\d+Z$/, 'Z')
    return { status: 200, reply: { accessToken: tokens.issue('ya29.c.', given), expireTime } }
  })
  return {
    cloud,
    tokens,
    seen,
    failNext: (host, ...statuses) => void failures[host].push(...statuses),
  }
}

/** The reference of `v1.token` has JSON with names in camel case, RFC 8693 a form; clients send either. */
function fieldsOf(body: string): URLSearchParams {
  if (!body.startsWith('{')) return new URLSearchParams(body)
  const fields = Object.entries(parseRecord(body)).map(([name, value]): [string, string] => [
    name.replaceAll(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`),
    scalarText(value),
  ])
  return new URLSearchParams(fields)
}

type Answer = (
  path: string,
  body: string,
  authorization: string | undefined,
) => Promise<{ readonly status: number; readonly reply: unknown }>

const notFound = { status: 404, reply: { error: { code: 404, message: 'Not found.', status: 'NOT_FOUND' } } }

function outage(status: number): { readonly status: number; readonly reply: unknown } {
  return {
    status,
    reply: { error: { code: status, message: 'The service is unavailable.', status: 'UNAVAILABLE' } },
  }
}
