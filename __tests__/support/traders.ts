import { randomBytes } from 'node:crypto'
import { createLocalJWKSet, jwtVerify } from 'jose'
import type { TrustDocument } from '../../src/trust.ts'
import { apply, newCloud } from './aws/account.ts'
import { newSts } from './aws/sts.ts'
import { playEntra, type Entra } from './entra-server.ts'
import { standInForGoogle, type GoogleCloud } from './google/cloud.ts'
import { sendJson } from './issuer-server.ts'
import type { Issuer } from './issuer.ts'
import { credentialsIn } from './models/entra.ts'
import { entriesOf, trustedIn } from './models/oauth.ts'
import { fitting } from './models/whole.ts'
import { playOAuth } from './oauth-server.ts'
import { playVault } from './vault-server.ts'

/** The other side of an exchange, which knows nothing yet. */
export interface Trader {
  /** Settings of an identity without which it cannot be found on this machine. */
  readonly identity: Readonly<Record<string, unknown>>
  /** Where the warehouse itself looks at the token: its address. */
  readonly login?: string
  /** Does what the documents say. */
  trust(documents: readonly TrustDocument[]): void
  /** The secrets that it has handed out. */
  handedOut(): readonly string[]
}

const ACCOUNT = '123456789012'
const REGION = 'eu-west-1'
const TENANT = '72f988bf-86f1-41af-91ab-2d7cd011db47'

/** By the name of the exchange. */
export const TRADERS: Readonly<Record<string, (issuer: Issuer) => Trader>> = {
  aws(issuer) {
    const cloud = newCloud()
    const host = `sts.${REGION}.amazonaws.com`
    issuer.at(host, newSts({ cloud, region: REGION, host }).handler)
    return {
      identity: { region: REGION },
      trust: (documents) => shell(documents).forEach((text) => apply(cloud, text, ACCOUNT)),
      handedOut: () => [...cloud.sessions.values()].map(({ secretAccessKey }) => secretAccessKey),
    }
  },

  entra(issuer) {
    let server: Entra | undefined
    return {
      identity: { tenant: TENANT },
      trust(documents) {
        const [federated = ''] = shell(documents)
        server = playEntra(issuer, { tenant: TENANT, credentials: credentialsIn(federated) })
      },
      handedOut: () => server?.issued ?? [],
    }
  },

  google(issuer) {
    let cloud: GoogleCloud | undefined
    return {
      identity: {},
      trust(documents) {
        cloud = standInForGoogle(issuer, shell(documents).slice(0, 1))
      },
      handedOut: () => cloud?.tokens.issued() ?? [],
    }
  },

  oauth(issuer) {
    const server = playOAuth(issuer)
    return {
      identity: { 'token-url': server.tokenUrl, 'revocation-url': server.revocationUrl },
      trust: (documents) => server.trust(trustedIn(shell(documents)[0] ?? '')),
      handedOut: () => server.issued,
    }
  },

  vault(issuer) {
    const passwords: string[] = []
    const vault = playVault(issuer, {
      make: (_user, password) => void passwords.push(password),
      kept(path) {
        if (path === '') return undefined
        const token = randomBytes(18).toString('base64url')
        passwords.push(token)
        return { token }
      },
    })
    return {
      identity: { url: vault.url },
      trust: (documents) => shell(documents).forEach((text) => vault.apply(text)),
      handedOut: () => passwords,
    }
  },

  /** Nobody trades: a server of ours stands for the warehouse and compares what its document lists. */
  direct(issuer) {
    let document = ''
    const path = `/warehouse-${randomBytes(4).toString('hex')}`
    const login = issuer.route(path, async (req, res) => {
      const trusted = trustedIn(document)
      const token = req.headers.authorization?.replace('Bearer ', '') ?? ''
      const keys = (await (await fetch(trusted.keys)).json()) as Parameters<typeof createLocalJWKSet>[0]
      const checks = { issuer: trusted.issuer, audience: trusted.audience, algorithms: ['RS256'] }
      const verified = await jwtVerify(token, createLocalJWKSet(keys), { ...checks, requiredClaims: ['exp'] })
        .then(({ payload }) => fitting(entriesOf(trusted), payload))
        .catch((error: unknown) => ({ flaw: String(error) }))
      if ('flaw' in verified) return sendJson(res, { message: `not let in: ${verified.flaw}` }, 401)
      return sendJson(res, {})
    })
    return {
      identity: {},
      login,
      trust: ([{ text } = { text: '' }]) => void (document = text),
      handedOut: () => issuer.minted.slice(-1),
    }
  },
}

function shell(documents: readonly TrustDocument[]): readonly string[] {
  return documents.filter(({ language }) => language === 'sh').map(({ text }) => text)
}
