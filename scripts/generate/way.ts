import { audiencesFrom } from '../../src/config/audience.ts'
import type { BoundExchange, Exchange } from '../../src/exchange.ts'
import type { Claims } from '../../src/claims.ts'
import type { Grant } from '../../src/policy.ts'
import type { TrustDocument, TrustRequest } from '../../src/trust.ts'
import { trustRules } from '../../src/trust/rules.ts'
import type { BoundWarehouse, Warehouse } from '../../src/warehouse.ts'

/** One warehouse by one exchange, bound to their examples. */
export interface Way {
  readonly via: string
  readonly spec: Exchange | undefined
  readonly settings: Readonly<Record<string, unknown>>
  readonly bound: BoundWarehouse
  readonly exchange: BoundExchange | undefined
  readonly documents: readonly TrustDocument[]
  /** What the errors of this way are explained with. */
  readonly claims: Claims
}

const GRANT: Grant = {
  name: 'production',
  target: 'prod',
  when: new Map([
    ['repository', ['acme/dbt']],
    ['repository_id', ['7654321']],
    ['repository_owner_id', ['1234567']],
    ['ref', ['refs/heads/main']],
    ['environment', ['production']],
  ]),
  place: 'docs',
}

const CLAIMS: Claims = {
  iss: 'https://token.actions.githubusercontent.com',
  sub: 'repo:acme@1234567/dbt@7654321:environment:production',
  aud: '',
  jti: '',
  iat: 0,
  exp: 0,
  all: new Map([
    ...[...GRANT.when].map(([claim, [value = '']]): [string, string] => [claim, value]),
    ['event_name', 'push'],
    ['job_workflow_ref', 'acme/dbt/.github/workflows/dbt.yml@refs/heads/main'],
  ]),
}

/** Binds a warehouse and an exchange to their examples, and asks both for the trust of these. */
export async function wayOf(
  warehouse: Warehouse,
  via: string,
  exchanges: ReadonlyMap<string, Exchange>,
): Promise<Way> {
  const spec = exchanges.get(via)
  const bound = warehouse.bind(exampleFor(warehouse, via))
  // What the connection implies need not be said, and goes before the exchange's own example.
  const implied = bound.defaults(via)
  const own = said({
    ...without(asRecord(spec?.example), Object.keys(implied)),
    ...warehouse.examples[via]?.identity,
  })
  const settings = { ...implied, ...own }
  const exchange = spec?.bind(settings)
  const want = bound.want(via)
  const rules = trustRules([GRANT], 'prod')
  const taken = warehouse.accepts.get(via)
  const written = exchange && {
    name: 'prod',
    exchange,
    want,
    own: taken?.ownAudience === true,
    flaw: () => undefined,
  }
  const audience = (written && audiencesFrom(undefined, written).audience) ?? exchange?.audience(want) ?? ''
  const request: TrustRequest = {
    target: 'prod',
    via,
    issuer: CLAIMS.iss,
    audience,
    audiences: [audience],
    rules,
    identity: exchange?.identity(want, CLAIMS) ?? '',
    issued: exchange?.issues(),
  }
  const traded = taken?.wholeTrust ? [] : ((await exchange?.trust(want, request)) ?? [])
  const documents = via === 'none' ? [] : [...traded, ...(await bound.trust(request))]
  const claims = { ...CLAIMS, aud: request.audience }
  return { via, spec, settings: own, bound, exchange, documents, claims }
}

/** Without what an example clears. */
function said(settings: Readonly<Record<string, unknown>>): Readonly<Record<string, unknown>> {
  return Object.fromEntries(Object.entries(settings).filter(([, value]) => value !== undefined))
}

function without(settings: Readonly<Record<string, unknown>>, keys: readonly string[]) {
  return Object.fromEntries(Object.entries(settings).filter(([key]) => !keys.includes(key)))
}

/** The example of the warehouse, with the fields that this way needs as well. */
export function exampleFor(warehouse: Warehouse, via: string): Readonly<Record<string, unknown>> {
  return { ...warehouse.example, ...warehouse.examples[via]?.connection }
}

function asRecord(value: unknown): Readonly<Record<string, unknown>> {
  return Object.fromEntries(typeof value === 'object' && value ? Object.entries(value) : [])
}
