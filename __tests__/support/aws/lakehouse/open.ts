import type { IncomingMessage, ServerResponse } from 'node:http'
import { dirname } from 'node:path'
import type { Lived } from '../../lives.ts'
import { pythonOf } from '../../python.ts'
import { sha256 } from '../../snowflake/identity.ts'
import type { StepOptions, StepResult } from '../../step.ts'
import { secure, type Secure } from '../../tls.ts'
import { HOST } from '../bench.ts'
import { newBuckets, type Buckets } from '../s3.ts'
import { ACCOUNT, openSite, REGION, type Site } from '../site.ts'
import { athena } from './athena.ts'
import { newCatalog, type Catalog } from './catalog.ts'
import { startEngine } from './engine.ts'
import { sessions } from './sessions.ts'
import { demand, newService, type Operation, type Service, type ServiceCall } from './service.ts'

/** An account with a lake: S3, Glue's catalog, and Athena, each under its own name, behind TLS. */
export interface Lakehouse extends AsyncDisposable {
  readonly site: Site
  readonly buckets: Buckets
  readonly catalog: Catalog
  readonly services: readonly Service[]
  /** What the services and S3 were asked, in order. */
  calls(): readonly ServiceCall[]
  /** Seconds that keys live from now on; undefined: as long as was asked for. */
  live(seconds: number | undefined): void
  /** Queries that are to take long, by a text in them, in milliseconds. */
  slow(queries: readonly { readonly text: string; readonly by: number }[]): void
  step(inputs: Inputs, options?: StepOptions): Promise<StepResult>
  /** What GitHub, the token service and the lake see from now on. */
  watch(): (life: number, audit: Lived['audit']) => Lived
  /** What nobody but the driver may see, by name. */
  secrets(): Record<string, string>
}

type Inputs = Readonly<Record<string, string>>

/** Opens one with these buckets, for dbt-athena or dbt-glue. */
export async function openLakehouse(by: 'athena' | 'glue', names: readonly string[]): Promise<Lakehouse> {
  let life: number | undefined
  let slow: readonly { readonly text: string; readonly by: number }[] = []
  const site = await openSite(dirname(pythonOf('aws')), { life: () => life })
  const place = { cloud: site.cloud, region: REGION, account: ACCOUNT }
  const engine = await startEngine(by === 'athena' ? 'athena' : 'spark')
  const buckets = newBuckets(site.cloud, REGION)
  const catalog = newCatalog(place)
  const parts = { ...place, catalog, buckets, engine }
  const services =
    by === 'athena'
      ? [
          newService(place, 'athena', athena({ ...parts, slow: () => slow })),
          newService(place, 'glue', catalog.operations),
        ]
      : [
          newService(place, 'glue', { ...catalog.operations, ...sessions(parts) }),
          newService(place, 'lakeformation', lakeFormation),
        ]
  const s3 = new Map(names.map((name) => [`${name}.s3.${REGION}.amazonaws.com`, name]))
  const answer = async (res: ServerResponse, req: IncomingMessage): Promise<void> => {
    const host = req.headers.host ?? ''
    const bucket = s3.get(host)
    if (bucket !== undefined) return buckets.handle(req, res, bucket)
    if (host === HOST) return void (await site.sts.handler(req, res, req.url ?? '/'))
    const service = services.find((one) => one.host === host)
    return service ? service.handle(res, req) : void res.writeHead(421).end()
  }
  // The SDK finds each service by its own name: a proxy leads there, as it would in a company's network.
  const hosts = [...services.map(({ host }) => host), HOST, ...s3.keys()]
  const api = await secure(hosts, { answer: (res, req) => answer(res, req).catch(() => res.destroy()) })
  const calls = (): ServiceCall[] =>
    [...services.flatMap((one) => one.calls), ...buckets.calls].toSorted((a, b) => a.at - b.at)
  return {
    site,
    buckets,
    catalog,
    services,
    calls,
    live: (seconds) => void (life = seconds),
    slow: (queries) => void (slow = queries),
    step: (inputs, { env, ...options } = {}) =>
      site.step(inputs, { ...options, env: { ...leadingTo(api), ...env } }),
    watch: () => watching(site, calls),
    secrets() {
      const sessions = [...site.cloud.sessions.values()]
      const keys = sessions.flatMap(({ secretAccessKey, sessionToken }) => [secretAccessKey, sessionToken])
      return Object.fromEntries([...keys, ...site.issuer.minted].map((key, at) => [`secret ${at}`, key]))
    },
    async [Symbol.asyncDispose]() {
      await api[Symbol.asyncDispose]()
      await engine[Symbol.asyncDispose]()
      await site[Symbol.asyncDispose]()
    },
  }
}

/** It rules nothing here; whoever wants to grant must be allowed to. */
const lakeFormation: Readonly<Record<string, Operation>> = {
  BatchGrantPermissions(session) {
    demand(session, 'lakeformation:BatchGrantPermissions', ['*'])
    return {}
  },
}

function leadingTo(api: Secure): Record<string, string> {
  return {
    HTTPS_PROXY: `http://127.0.0.1:${api.proxy}`,
    AWS_CA_BUNDLE: api.ca,
    // What a workflow may have left behind must not reach the driver.
    AWS_ACCESS_KEY_ID: 'AKIAMINE',
    AWS_SECRET_ACCESS_KEY: 'mine',
  }
}

function watching({ cloud, issuer, sts }: Site, calls: Lakehouse['calls']): ReturnType<Lakehouse['watch']> {
  const from = [calls().length, sts.calls.length, issuer.minted.length] as const
  const traded = 'AssumeRoleWithWebIdentity'
  return (life, audit) => ({
    life,
    audit,
    minted: issuer.minted.slice(from[2]),
    traded: sts.calls
      .slice(from[1])
      .filter(({ action }) => action === traded)
      .map(({ form }) => sha256(form.get('WebIdentityToken') ?? '')),
    uses: calls()
      .slice(from[0])
      .map(({ accessKeyId: id, outcome, at }) => {
        const { openedAt = 0, expiresAt = 0 } = cloud.sessions.get(id) ?? {}
        // That something is not there is an answer, too.
        const accepted = outcome === 'ok' || outcome === 'EntityNotFoundException'
        return { id, bornAt: openedAt, endsAt: expiresAt, at, accepted }
      }),
  })
}
