import { createLocalJWKSet } from 'jose'
import type { Credential } from '../../../src/credential.ts'
import type { Want } from '../../../src/exchange.ts'
import centerExchange from '../../../src/exchanges/aws-identity-center.ts'
import type { TrustDocument, TrustRequest } from '../../../src/trust.ts'
import { trustRules } from '../../../src/trust/rules.ts'
import { grantOf, type Written } from '../claims-of.ts'
import { ACCOUNT, GITHUB, openBench, REGION, ROLE, tokenOf, type Asked, type Bench } from './bench.ts'
import { newDirectory, obey, type Directory } from './directory.ts'
import { newCenter, type Center } from './identity-center.ts'
import { runInShell } from './real-shell.ts'

export const INSTANCE = 'arn:aws:sso:::instance/ssoins-1234567890abcdef'
export const APPLICATION = `arn:aws:sso::${ACCOUNT}:application/ssoins-1234567890abcdef/apl-1234567890abcdef`
export const SESSION_ROLE = `arn:aws:iam::${ACCOUNT}:role/athena`
export const CENTER_HOST = `oidc.${REGION}.amazonaws.com`

/** Everything that a trade for keys needs. */
export const SETTINGS = {
  instance: INSTANCE,
  region: REGION,
  group: 'dbt-prod',
  role: ROLE,
  application: APPLICATION,
  'session-role': SESSION_ROLE,
}

/** An account with an instance of Identity Center, which knows what our documents say, and the exchange at work. */
export interface CenterBench extends Omit<Bench, 'trust' | 'trade'> {
  readonly directory: Directory
  readonly center: Center
  documents(grants: readonly Written[], request?: Partial<TrustRequest>): Promise<readonly TrustDocument[]>
  /** Runs our documents for these grants in a shell. */
  trust(grants: readonly Written[], request?: Partial<TrustRequest>): Promise<void>
  trade(want?: Want, asked?: Asked): Promise<Credential>
}

/** Opens everything on a free port; tokens say that github.com has issued them. */
export async function openCenterBench(): Promise<CenterBench> {
  const bench = await openBench()
  const { issuer, cloud, tokens, io } = bench
  const directory = newDirectory(INSTANCE, APPLICATION)
  const keysOf = async () => createLocalJWKSet({ keys: [issuer.key().jwk] })
  const center = newCenter({ cloud, directory, region: REGION, host: CENTER_HOST, keysOf })
  issuer.at(CENTER_HOST, center.handler)
  const bound = centerExchange.bind(SETTINGS)
  const documents: CenterBench['documents'] = async (grants, request = {}) => {
    const rules = trustRules(
      grants.map((written, index) => grantOf(written, 'prod', `grants[${index}]`)),
      'prod',
    )
    return await bound.trust(
      { kind: 'aws' },
      {
        target: 'prod',
        via: 'aws-identity-center',
        issuer: GITHUB,
        audience: bound.audience({ kind: 'aws' }),
        audiences: [bound.audience({ kind: 'aws' })],
        rules,
        identity: SESSION_ROLE,
        ...request,
      },
    )
  }
  return {
    ...bench,
    directory,
    center,
    documents,
    async trust(grants, request) {
      const said = await runInShell((await documents(grants, request)).map(({ text }) => text))
      obey(cloud, directory, said, ACCOUNT)
    },
    trade(want = {}, { claims = {}, audience, mint } = {}) {
      const usual = async (wanted: string) => {
        const token = tokenOf(issuer.mint(audience ?? wanted, claims))
        tokens.push(token)
        return token
      }
      return bound.trade({ kind: 'aws', ...want }, mint ?? usual, io)
    },
    [Symbol.asyncDispose]: () => bench[Symbol.asyncDispose](),
  }
}
