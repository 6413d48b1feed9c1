import { requireBroker, tokenReply } from './endpoint.ts'
import { notRenewed } from './words.ts'
import type { Surroundings } from './surroundings.ts'
import type { IdToken } from '../claims.ts'
import { audienceOf, type Target } from '../config/target.ts'
import type { Credential } from '../credential.ts'
import { fail } from '../errors.ts'
import type { Want } from '../exchange.ts'
import { openBroker, type Answer, type Broker, type Door } from '../keepalive/broker.ts'
import { createPresent } from '../keepalive/present.ts'
import type { Hook, KeepAlive } from '../warehouse.ts'

/** Where a driver that trades by itself gets its ID tokens. */
const ID_TOKEN = '/id-token'
/** Where the SDKs of AWS get the keys of the role, as in a container. */
const AWS = '/aws'
/** Where dbt-redshift posts, as to the token endpoint of an identity provider. */
const TOKEN = '/token'
/** Its credentials for that go by Basic, as given; what it posts is empty. */
const POSTED: Door = { method: 'POST', scheme: 'Basic' }

/**
 * Of a token's life when it is handed out once more: drivers that ask at every request cost no token each, and none of
 * them gets one that is much older than a fresh one.
 */
const YOUNG = 0.95

/** A hook that is served until it is disposed of. */
export interface Served extends AsyncDisposable {
  readonly hook: Hook
  readonly origin: string
}

/** How a credential is kept alive in this run, and what is served for it. */
export interface Keeping {
  readonly keepAlive: KeepAlive
  readonly served: Served | undefined
}

/** What a broker serves from. */
export interface Stock {
  /** The credential as it is now, bought anew where it lives no more. */
  readonly credential: () => Promise<Credential>
  /** What was bought last, whether it lives or not. */
  readonly present: () => Promise<Credential>
  /** One of its own for each who asks. */
  readonly each: () => Promise<Credential>
  /** Aborted when the run has no more to ask for. */
  readonly over: AbortSignal
}

/** What a broker needs of the world. */
type Serving = Pick<Surroundings, 'mint' | 'io' | 'onTrade'>

/** The means of the target's warehouse, as far as this run can use it; what nobody can ask for is static. */
export async function keepingOf(
  target: Target,
  want: Want,
  around: Surroundings,
  stock: Stock,
): Promise<Keeping> {
  const { keepAlive } = target.acceptance
  if (keepAlive.by === 'token-endpoint') return endpointOf(keepAlive, around, stock)
  if (around.keepAlive !== 'auto')
    return otherwise({ by: around.keepAlive === 'proxy' ? 'login-proxy' : 'static' })
  if (keepAlive.by === 'plugin-field' && !around.plugins) return otherwise({ by: 'static' })
  if (keepAlive.by === 'token-url') {
    const served = around.brokers ? await openHook(target, want, around, stock.over) : undefined
    return served ? { keepAlive, served } : otherwise({ by: 'static' })
  }
  if (keepAlive.by === 'aws-container') {
    const served = around.brokers ? await openContainer(around, stock) : undefined
    return served ? { keepAlive, served } : otherwise({ by: 'file', name: keepAlive.file })
  }
  return otherwise(keepAlive)
}

function otherwise(keepAlive: KeepAlive): Keeping {
  return { keepAlive, served: undefined }
}

/** Where the driver takes its token from nowhere else, an endpoint stands also for one that is not to be renewed. */
async function endpointOf(keepAlive: KeepAlive, around: Surroundings, stock: Stock): Promise<Keeping> {
  requireBroker(around)
  const renewing = around.keepAlive === 'auto'
  const answer = async (): Promise<unknown> => {
    stock.over.throwIfAborted()
    return tokenReply(renewing ? stock.each : stock.present, around)
  }
  const served = await serve({ path: TOKEN, door: POSTED }, answer, {}, around)
  return { keepAlive: renewing ? keepAlive : { by: 'static' }, served: served ?? noPort() }
}

function noPort(): never {
  return fail({
    code: 'internal',
    problem:
      'No port of 127.0.0.1 could be opened, and dbt takes the token for this login from nowhere else.',
    remedy: 'Look for what keeps programs of this runner from listening on 127.0.0.1.',
  })
}

/** Whether the driver comes for a token or a credential of its own, whatever was bought at the start. */
export function asksForEach({ by }: KeepAlive): boolean {
  return by === 'token-url' || by === 'token-endpoint'
}

/** Whether the credential itself is bought anew while dbt runs. */
export function isRenewed({ by }: KeepAlive): boolean {
  return by === 'file' || by === 'plugin-field' || by === 'aws-container'
}

/** Gives the SDK of AWS the keys of the role whenever it asks, so that no file and no variable holds them. */
async function openContainer(around: Serving, { credential, over }: Stock): Promise<Served | undefined> {
  const answer = async (): Promise<unknown> => {
    over.throwIfAborted()
    return containerReply(await credential(), around.io.now())
  }
  return serve({ path: AWS }, answer, {}, around)
}

/** As documented for containers: docs.aws.amazon.com/sdkref/latest/guide/feature-container-credentials.html. */
function containerReply(credential: Credential, now: Date): unknown {
  if (credential.kind !== 'aws' || credential.expiresAt <= now) throw new Error('there are no keys that live')
  return {
    AccessKeyId: credential.accessKeyId,
    SecretAccessKey: credential.secretAccessKey,
    Token: credential.sessionToken,
    Expiration: credential.expiresAt.toISOString(),
  }
}

/**
 * Lets the driver trade by itself for as long as this process lives: it asks the broker for an ID token, which is always
 * one for the audience of the target. Undefined where the exchange has no recipe for a driver, or the broker no port.
 */
export async function openHook(
  target: Target,
  want: Want,
  around: Serving,
  over: AbortSignal,
): Promise<Served | undefined> {
  const written = target.exchange.recipe(want)
  if (!written) return undefined
  const { io } = around
  const served = createPresent<IdToken>({
    buy: () => mintOnRecord(target, around, over),
    life: ({ claims }) => ({
      boughtAt: new Date(claims.iat * 1000),
      expiresAt: new Date(claims.exp * 1000),
    }),
    now: io.now,
    share: YOUNG,
    failed(error) {
      if (!over.aborted) io.say(notRenewed('The driver got no fresh ID token', error))
    },
  })
  const answer = async (): Promise<unknown> => {
    over.throwIfAborted()
    return { value: (await served()).text }
  }
  return serve({ path: ID_TOKEN }, answer, readdressed(written, io.at), around)
}

async function serve(
  { path, door }: { readonly path: string; readonly door?: Door },
  answer: Answer,
  recipe: Hook['recipe'],
  around: Serving,
): Promise<Served | undefined> {
  const broker = await opened(new Map([[path, answer]]), door, around)
  if (!broker) return undefined
  const { authorization, origin } = broker
  around.io.mask(authorization.replace(/^\w+ /, ''))
  return {
    origin,
    hook: { url: `${origin}${path}`, authorization, recipe },
    [Symbol.asyncDispose]: () => broker[Symbol.asyncDispose](),
  }
}

/** What is not on record is not handed out. */
async function mintOnRecord(target: Target, around: Serving, over: AbortSignal): Promise<IdToken> {
  const token = await around.mint(audienceOf(target))
  const expiresAt = new Date(token.claims.exp * 1000)
  await around.onTrade({
    tokens: [token],
    use: 'keep-alive',
    trades: 'driver',
    expiresAt,
    outcome: 'exchanged',
  })
  over.throwIfAborted()
  return token
}

async function opened(
  answers: Parameters<typeof openBroker>[0],
  door: Door | undefined,
  { io }: Pick<Serving, 'io'>,
): Promise<Broker | undefined> {
  try {
    return await openBroker(answers, door)
  } catch {
    io.say('No port of 127.0.0.1 could be opened, so that dbt gets a credential that is not renewed.')
    return undefined
  }
}

/** The same recipe with the addresses to use here. */
function readdressed(recipe: Hook['recipe'], at: (url: string) => string): Hook['recipe'] {
  const change = (value: unknown): unknown =>
    typeof value === 'string' && value.startsWith('https://') ? at(value) : value
  return Object.fromEntries(Object.entries(recipe).map(([key, value]) => [key, change(value)]))
}
