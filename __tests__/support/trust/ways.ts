import { audiencesFrom } from '../../../src/config/audience.ts'
import type { Claims } from '../../../src/claims.ts'
import { exchanges } from '../../../src/exchanges/index.ts'
import { commonTo, trustRules } from '../../../src/trust/rules.ts'
import type { TrustDocument, TrustFormat } from '../../../src/trust.ts'
import type { Warehouse } from '../../../src/warehouse.ts'
import { warehouses } from '../../../src/warehouses/index.ts'
import { grantOf, type Written } from '../claims-of.ts'

/** For whom a trust is written in these tests. */
export interface Asked {
  readonly target?: string
  readonly grants?: readonly Written[]
  /** Further settings of the exchange. */
  readonly identity?: Readonly<Record<string, unknown>>
  /** Further fields of the connection. */
  readonly connection?: Readonly<Record<string, unknown>>
}

/** A warehouse with an exchange that it takes, by their own examples. */
export interface Way {
  readonly name: string
  readonly warehouse: Warehouse
  readonly via: string
  documents(format: TrustFormat, asked?: Asked): Promise<readonly TrustDocument[]>
}

/** What somebody would write who leaves nothing open. */
export const GRANT = {
  repository: 'acme/dbt',
  repository_id: '7654321',
  repository_owner_id: '1234567',
  environment: 'production',
  ref: 'refs/heads/main',
  event_name: 'push',
  runner_environment: 'github-hosted',
} as const

/** Every way that there is and that has something to trust; `none` has nobody who would. */
export const WAYS: readonly Way[] = [...warehouses.values()].flatMap((warehouse) =>
  [...warehouse.accepts.keys()].filter((via) => via !== 'none').map((via) => wayOf(warehouse, via)),
)

/** One of them; throws where there is none. */
export function wayNamed(name: string): Way {
  const found = WAYS.find((way) => way.name === name)
  if (!found) throw new Error(`there is no way ${name}`)
  return found
}

export const FORMATS: readonly TrustFormat[] = ['commands', 'terraform']

function wayOf(warehouse: Warehouse, via: string): Way {
  const spec = exchanges.get(via)
  if (!spec) throw new Error(`${via} is not registered`)
  const together = warehouse.examples[via]
  return {
    name: `${warehouse.type}-${via}`,
    warehouse,
    via,
    async documents(format, { target = 'prod', grants = [GRANT], identity, connection } = {}) {
      const bound = warehouse.bind({ ...warehouse.example, ...together?.connection, ...connection })
      const exchange = spec.bind({
        ...(spec.example as Record<string, unknown>),
        ...bound.defaults(via),
        ...together?.identity,
        ...identity,
      })
      const want = bound.want(via)
      const rules = trustRules(
        grants.map((written, at) => grantOf(written, target, `grant ${at + 1}`)),
        target,
      )
      const own = warehouse.accepts.get(via)?.ownAudience === true
      const written = { name: target, exchange, want, own, flaw: () => undefined }
      const audience = audiencesFrom(undefined, written).audience ?? exchange.audience(want)
      const claims: Claims = {
        iss: ISSUER,
        sub: '',
        aud: audience,
        jti: '',
        iat: 0,
        exp: 0,
        all: commonTo(rules),
      }
      const request = {
        target,
        via,
        issuer: ISSUER,
        audience,
        audiences: [audience],
        rules,
        identity: exchange.identity(want, claims),
        issued: exchange.issues(),
        makes: exchange.makes(),
      }
      const whole = warehouse.accepts.get(via)?.wholeTrust
      return [
        ...(whole ? [] : await exchange.trust(want, request, format)),
        ...(await bound.trust(request, format)),
      ]
    },
  }
}

export const ISSUER = 'https://token.actions.githubusercontent.com'
