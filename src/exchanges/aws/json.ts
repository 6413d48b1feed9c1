import type { Io } from '../../exchange.ts'
import { jsonIn } from '../../json.ts'
import { isObject, type JsonObject } from '../../token/json.ts'
import { signed, type Keys } from './sign.ts'

/** Milliseconds for one request. */
const DEADLINE = 30_000

/** One call of a service of AWS that speaks JSON. */
export interface JsonCall {
  /** As it is signed for. */
  readonly service: string
  readonly host: string
  readonly region: string
  readonly path: string
  readonly headers: Readonly<Record<string, string>>
  readonly body: Readonly<Record<string, string>>
}

/** What came back: without `said` it was no JSON of AWS's, without `fault` no refusal. */
export interface JsonAnswer {
  readonly status: number
  readonly said: JsonObject | undefined
  /** The name of the error; empty where none is named. */
  readonly fault: string | undefined
}

/** Calls such a service once, signed. Throws `exchange-unavailable` where nothing came back. */
export async function askJson(call: JsonCall, keys: Keys, io: Io): Promise<JsonAnswer> {
  const body = JSON.stringify(call.body)
  const unsigned = { ...call.headers, host: call.host, 'content-length': `${Buffer.byteLength(body)}` }
  const answer = await io.http({
    // Rewritten after signing, so that a signature is always the one for the real host.
    url: io.at(`https://${call.host}${call.path}`),
    method: 'POST',
    headers: signed({ ...call, headers: unsigned, body }, keys, io.now()),
    body,
    deadline: DEADLINE,
    ...(io.signal && { signal: io.signal }),
  })
  const { status } = answer
  const json = jsonIn(answer.body)
  const said = isObject(json) ? json : undefined
  const name = answer.headers['x-amzn-errortype'] ?? textOf(said, 'code') ?? textOf(said, '__type') ?? ''
  return { status, said, fault: status < 300 ? undefined : bare(name) }
}

/** A text of an answer. */
export function textOf(said: JsonObject | undefined, field: string): string | undefined {
  const value = said !== undefined && Object.hasOwn(said, field) ? said[field] : undefined
  return typeof value === 'string' && value !== '' ? value : undefined
}

/**
 * `aws.protocoltests#FooException:http://…` is FooException (Smithy, "Operation error serialization"). What is no name of
 * a shape names nothing: it could be anything that was sent, of any length.
 */
function bare(name: string): string {
  const shape = name.split(/[,:]/, 1)[0]?.split('#').at(-1)?.trim() ?? ''
  return /^\w{1,100}$/.test(shape) ? shape : ''
}
