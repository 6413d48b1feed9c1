import { connect, type Access } from '../../../src/access.ts'
import type { Claims, Mint } from '../../../src/claims.ts'
import type { Config } from '../../../src/config.ts'
import type { Target } from '../../../src/config/target.ts'
import type { Credential } from '../../../src/credential.ts'
import type { Http, HttpRequest } from '../../../src/http.ts'
import { createHttp, createStreams } from '../../../src/http.ts'
import { rehearsalOf, rewrite } from '../../../src/rehearsal.ts'
import { trustDocuments } from '../../../src/trust/request.ts'
import type { TrustDocument } from '../../../src/trust.ts'
import type { ClaimSet } from '../github-claims.ts'
import { startIssuer, type Issuer } from '../issuer.ts'
import { claimsOf } from '../jwt.ts'
import { scalarText } from '../shape.ts'
import { configOf } from '../config-of.ts'
import { standInForGoogle, type GoogleCloud } from './cloud.ts'

export const POOL = 'projects/123456789012/locations/global/workloadIdentityPools/github'
export const PROVIDER = `${POOL}/providers/dbt-prod`
export const ACCOUNT = 'dbt-prod@acme-prod.iam.gserviceaccount.com'

/** A policy with one target in BigQuery. */
export function policyOf(
  identity: object,
  when: object = { ref: 'refs/heads/main', environment: 'production' },
): string {
  return JSON.stringify({
    repository: 'o/r',
    'repository-id': 456,
    'repository-owner-id': 123,
    targets: {
      prod: {
        connection: { type: 'bigquery', project: 'acme-prod', dataset: 'analytics', location: 'EU' },
        identity: { provider: PROVIDER, ...identity },
      },
    },
    grants: [{ name: 'nightly', target: 'prod', when }],
  })
}

/** An issuer, a Google that trusts what our documents say, and the target of the same configuration. */
export interface Bench extends AsyncDisposable {
  readonly issuer: Issuer
  readonly google: GoogleCloud
  readonly config: Config
  readonly target: Target
  readonly documents: readonly TrustDocument[]
  readonly masked: readonly string[]
  readonly said: readonly string[]
  /** Requests that went through our way out, before they were rewritten. */
  readonly sent: readonly HttpRequest[]
  /** Trades with tokens whose claims are those of the issuer with these over them. */
  enter(overrides?: ClaimSet): Promise<Access>
  /** The credential that a trade gives. */
  trade(overrides?: ClaimSet): Promise<Credential>
}

/** What differs from one bench to another. */
export interface BenchOptions {
  readonly identity?: object
  readonly when?: object
  readonly universe?: string
  /** Changes the documents before they are run, as somebody might who does not trust them. */
  readonly edit?: (text: string) => string
}

/** Opens a bench. */
export async function openBench(options: BenchOptions = {}): Promise<Bench> {
  const { identity = { 'service-account': ACCOUNT }, edit = (text: string) => text } = options
  const issuer = await startIssuer({ claims: { environment: 'production' } })
  const config = await configOf({ policy: policyOf(identity, options.when), serverUrl: issuer.serverUrl })
  const target = config.targets.get('prod')
  if (!target) throw new Error('there is no target prod')
  const documents = await trustDocuments(config, target)
  const shell = documents.filter(({ language }) => language === 'sh').map(({ text }) => edit(text))
  const google = standInForGoogle(issuer, shell, options.universe)
  const masked: string[] = []
  const said: string[] = []
  const sent: HttpRequest[] = []
  const rehearsal = rehearsalOf(issuer.serverUrl)
  const out = createHttp({ rehearsal, env: {} })
  const http: Http = (request) => {
    sent.push(request)
    return out(request)
  }
  const io = {
    http,
    at: (url: string) => rewrite(rehearsal, url),
    now: () => new Date(),
    mask: (secret: string) => void masked.push(secret),
    variable: () => undefined,
    say: (line: string) => void said.push(line),
  }
  const minting =
    (overrides: ClaimSet = {}): Mint =>
    async (audience) => {
      const text = issuer.mint(audience, overrides)
      return { text, claims: toClaims(text), sha256: '' }
    }
  return {
    issuer,
    google,
    config,
    target,
    documents,
    masked,
    said,
    sent,
    trade: (overrides) => target.exchange.trade(target.bound.want(target.via), minting(overrides), io),
    async enter(overrides = {}) {
      const claims = toClaims(issuer.mint('dbt-oidc', overrides))
      return connect(target, claims, {
        mint: minting(overrides),
        mintToRevoke: minting(overrides),
        trusted: async () => undefined,
        keepAlive: 'auto',
        brokers: false,
        plugins: true,
        streams: createStreams({ rehearsal, env: {} }),
        owe: nothing,
        leave: nothing,
        io,
        directory: {
          path: '/nowhere',
          marker: '',
          write: nowhere,
          replace: nowhere,
          remove: nothing,
          keepOnly: nothing,
        },
        onTrade: nothing,
        attribution: {},
        remember: nothing,
      })
    },
    [Symbol.asyncDispose]: () => issuer.close(),
  }
}

const nothing = async (): Promise<void> => undefined
const nowhere = async (name: string): Promise<string> => `/nowhere/${name}`

function toClaims(token: string): Claims {
  const all = claimsOf(token)
  const text = (name: string): string => scalarText(all[name])
  return {
    iss: text('iss'),
    sub: text('sub'),
    aud: text('aud'),
    jti: text('jti'),
    iat: Number(text('iat')),
    exp: Number(text('exp')),
    all: new Map(Object.entries(all).map(([name, value]) => [name, scalarText(value)])),
  }
}
