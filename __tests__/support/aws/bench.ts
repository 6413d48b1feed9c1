import { createLocalJWKSet } from 'jose'
import type { Claims, IdToken, Mint } from '../../../src/claims.ts'
import type { Credential } from '../../../src/credential.ts'
import type { Io, Want } from '../../../src/exchange.ts'
import awsExchange from '../../../src/exchanges/aws.ts'
import { createHttp } from '../../../src/http.ts'
import { rehearsalOf, rewrite } from '../../../src/rehearsal.ts'
import type { TrustDocument, TrustRequest } from '../../../src/trust.ts'
import { trustRules } from '../../../src/trust/rules.ts'
import { grantOf, type Written } from '../claims-of.ts'
import type { ClaimSet } from '../github-claims.ts'
import { startIssuer, type Issuer } from '../issuer.ts'
import { claimsOf } from '../jwt.ts'
import { scalarText } from '../shape.ts'
import { apply, newCloud, type Cloud } from './account.ts'
import { newSts, type Sts } from './sts.ts'

export const ACCOUNT = '123456789012'
export const REGION = 'eu-west-1'
export const HOST = `sts.${REGION}.amazonaws.com`
export const GITHUB = 'https://token.actions.githubusercontent.com'
export const ROLE = `arn:aws:iam::${ACCOUNT}:role/dbt-prod`
export const AUDIENCE = 'sts.amazonaws.com'

/** What every grant of a repository with pinned ids demands. */
export const PINNED: Written = { repository: 'o/r', repository_id: '456', repository_owner_id: '123' }

/** An account that trusts what our documents say, a token service for it, and the exchange at work. */
export interface Bench extends AsyncDisposable {
  readonly issuer: Issuer
  readonly cloud: Cloud
  readonly sts: Sts
  /** What was masked, in order. */
  readonly masked: string[]
  /** The tokens that the exchange was given. */
  readonly tokens: IdToken[]
  readonly io: Io
  /** Runs our documents for these grants in the account. */
  trust(
    settings: Record<string, unknown>,
    grants: readonly Written[],
    request?: Partial<TrustRequest>,
  ): Promise<readonly TrustDocument[]>
  trade(settings: Record<string, unknown>, want?: Want, token?: Asked): Promise<Credential>
}

/** How the next tokens differ from those that the grant is for. */
export interface Asked {
  readonly claims?: ClaimSet
  readonly audience?: string
  readonly mint?: Mint
}

/** Opens everything on a free port; tokens say that github.com has issued them. */
export async function openBench(): Promise<Bench> {
  const issuer = await startIssuer({ claims: { iss: GITHUB } })
  const cloud = newCloud()
  const keysOf = async () => createLocalJWKSet({ keys: [issuer.key().jwk] })
  const sts = newSts({ cloud, region: REGION, host: HOST, keysOf })
  issuer.at(HOST, sts.handler)
  const rehearsal = rehearsalOf(issuer.serverUrl)
  const masked: string[] = []
  const tokens: IdToken[] = []
  const io: Io = {
    http: createHttp({ rehearsal, env: {} }),
    at: (url) => rewrite(rehearsal, url),
    now: () => new Date(),
    mask: (secret) => void masked.push(secret),
    variable: () => undefined,
    say: () => undefined,
  }
  return {
    issuer,
    cloud,
    sts,
    masked,
    tokens,
    io,
    async trust(settings, grants, request = {}) {
      const rules = trustRules(
        grants.map((written, index) => grantOf(written, 'prod', `grants[${index}]`)),
        'prod',
      )
      const bound = awsExchange.bind(settings)
      const documents = await bound.trust(
        {},
        {
          target: 'prod',
          via: 'aws',
          issuer: GITHUB,
          audience: AUDIENCE,
          audiences: [AUDIENCE],
          rules,
          identity: scalarText(settings.role),
          ...request,
        },
      )
      for (const { text } of documents) apply(cloud, text, ACCOUNT)
      return documents
    },
    trade(settings, want = {}, { claims = {}, audience, mint } = {}) {
      const usual: Mint = async (wanted) => {
        const token = tokenOf(issuer.mint(audience ?? wanted, claims))
        tokens.push(token)
        return token
      }
      return awsExchange.bind(settings).trade({ kind: 'aws', ...want }, mint ?? usual, io)
    },
    [Symbol.asyncDispose]: () => issuer.close(),
  }
}

/** A token as the gate hands it on. */
export function tokenOf(text: string): IdToken {
  const set = claimsOf(text)
  const all = new Map(Object.entries(set).map(([name, value]) => [name, scalarText(value)]))
  const claims: Claims = {
    iss: all.get('iss') ?? '',
    sub: all.get('sub') ?? '',
    aud: all.get('aud') ?? '',
    jti: all.get('jti') ?? '',
    iat: Number(set.iat),
    exp: Number(set.exp),
    all,
  }
  return { text, claims, sha256: '' }
}
