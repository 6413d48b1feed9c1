import type { Io } from '../../exchange.ts'
import type { Place } from './place.ts'
import { foreign, refusal, wordsOf, type Fault } from './refusal.ts'
import type { Keys } from './sign.ts'
import { only, parseXml, textAt, type Element } from './xml.ts'

/** Milliseconds for one request. */
const DEADLINE = 30_000

/** Of the API of the token service. */
const VERSION = '2011-06-15'

/** The parameters of a call by AWS's names: a text, a number, or a list of structures. */
export type Input = Readonly<
  Record<string, string | number | readonly Readonly<Record<string, string>>[] | undefined>
>

/** One call of the token service. */
export interface Call {
  readonly action: 'AssumeRoleWithWebIdentity' | 'AssumeRole' | 'GetCallerIdentity'
  readonly input: Input
  readonly place: Pick<Place, 'host' | 'region'>
  /** Whose keys sign it; none for a call that a token speaks for. */
  readonly keys?: Keys
  /** The role that a refusal names. */
  readonly role: string
}

/** Calls the token service once by its Query protocol. Throws `exchange` or `exchange-unavailable`, each saying what another try is worth. */
export async function ask({ action, input, place, keys, role }: Call, io: Io): Promise<Element> {
  const body = formOf({ Action: action, Version: VERSION, ...input })
  const unsigned = {
    host: place.host,
    'content-type': 'application/x-www-form-urlencoded',
    'content-length': `${Buffer.byteLength(body)}`,
  }
  const { status, body: answer } = await io.http({
    // Rewritten after signing, so that a signature is always the one for the real host.
    url: io.at(`https://${place.host}/`),
    method: 'POST',
    headers: keys
      ? (await signer()).signed({ ...place, service: 'sts', headers: unsigned, body }, keys, io.now())
      : unsigned,
    body,
    deadline: DEADLINE,
    ...(io.signal && { signal: io.signal }),
  })
  const root = parseXml(answer)
  if (status >= 300) throw refused(root, { status, signed: keys !== undefined }, role, secretsIn(input, keys))
  const result = root?.name === `${action}Response` ? only(root, `${action}Result`) : undefined
  if (!result) throw foreign(role, status)
  return result
}

/** What was sent that no sentence may repeat. */
function secretsIn({ WebIdentityToken: token, ProvidedContexts: contexts }: Input, keys?: Keys): string[] {
  const assertions = Array.isArray(contexts) ? contexts.map(({ ContextAssertion: one }) => one) : []
  return [token, ...assertions, keys?.secretAccessKey, keys?.sessionToken].filter(
    (one) => typeof one === 'string',
  )
}

/** What signs is read where something is signed. */
const signer = () => import('./sign.ts')

function refused(
  root: Element | undefined,
  how: Pick<Fault, 'status' | 'signed'>,
  role: string,
  secrets: readonly string[],
): Error {
  const error = root?.name === 'ErrorResponse' ? only(root, 'Error') : undefined
  const code = textAt(error, 'Code')?.trim()
  if (!code) return foreign(role, how.status)
  const message = wordsOf(textAt(error, 'Message') ?? 'no reason given', secrets)
  return refusal({ ...how, code: wordsOf(code, secrets), message }, role)
}

/** A form as the Query protocol has it: `Tags.member.1.Key=…`, and nothing for what is not given. */
function formOf(input: Input): string {
  return Object.entries(input)
    .flatMap(([name, value]) => {
      if (value === undefined) return []
      if (typeof value === 'string' || typeof value === 'number') return [[name, `${value}`] as const]
      return value.flatMap((member, index) =>
        Object.entries(member).map(([key, text]) => [`${name}.member.${index + 1}.${key}`, text] as const),
      )
    })
    .map((pair) => pair.map(encoded).join('='))
    .join('&')
}

/** As RFC 3986 has it, which AWS signs by. */
function encoded(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (mark) => `%${mark.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
