import type { Io } from '../../exchange.ts'
import type { HttpRequest } from '../../http.ts'
import { jsonIn } from '../../json.ts'
import { isObject, type JsonObject } from '../../token/json.ts'
import { foreign, refusalOf } from './refusal.ts'

/** Milliseconds for one request. */
const DEADLINE = 30_000

/** Asks a service of Google once, with a secret that no sentence may repeat, and returns what its JSON says. Throws for anything else, saying what another try is worth. */
export async function ask(
  request: Pick<HttpRequest, 'url' | 'headers' | 'body'>,
  secret: string,
  io: Io,
): Promise<JsonObject> {
  const answer = await io.http({
    ...request,
    url: io.at(request.url),
    method: 'POST',
    headers: { accept: 'application/json', ...request.headers },
    deadline: DEADLINE,
    ...(io.signal && { signal: io.signal }),
  })
  const { status, body } = answer
  if (status < 200 || status > 299) throw refusalOf(answer, secret, io.now())
  const said = jsonIn(body)
  if (!isObject(said)) throw foreign(status)
  return said
}
