import type { Claims } from '../../claims.ts'
import type { Diagnosis } from '../../exchange.ts'
import type { TrustRequest } from '../../trust.ts'
import type { Connection } from '../trino.ts'

/** Whose token it is: GitHub's own, or that of a provider, in which none of GitHub's claims stands. */
interface Whose {
  readonly claims: Claims
  readonly connection: Connection
  readonly provider: TrustRequest | undefined
}

type Row = readonly [text: RegExp, explain: (found: readonly string[], whose: Whose) => Diagnosis]

/** Texts of Trino 476, as dbt-trino shows them: `error 401: b'…'`. */
const ROWS: readonly Row[] = [
  [
    /Invalid Audience: \[([^\]]*)\]\. Allowed audiences: ([^'\n]*)/,
    ([sent = '', allowed = '']) => ({
      problem: `Trino takes tokens for the audience \`${allowed.trim()}\`, and this one is for \`${sent}\`.`,
      remedy:
        'Set `audience:` of the target to what `http-server.authentication.jwt.required-audience` says, or change it there.',
    }),
  ],
  [
    /Invalid Issuer|(?:expected|require)[^'\n]*\biss\b|\biss claim\b/i,
    (_found, { claims, provider }) => ({
      problem: `Trino does not take tokens of ${provider ? `this issuer of \`${provider.via}\`` : `the issuer \`${claims.iss}\``}.`,
      remedy:
        provider?.via === 'entra'
          ? 'Write `"requestedAccessTokenVersion": 2` into the manifest of the resource app: what `trust` prints is for such tokens, and those of version 1.0 have the issuer https://sts.windows.net/TENANT/ and no `azp`.'
          : 'Compare it, letter by letter, with `http-server.authentication.jwt.required-issuer` on the server.',
    }),
  ],
  [
    /No user mapping patterns match the principal|not allowed by the user mapping/i,
    (_found, { claims, provider }) => ({
      problem: `Trino maps no user to the ${provider ? `client \`${provider.identity}\`` : `subject \`${claims.sub}\``}.`,
      remedy: `Add a rule for exactly this ${provider ? 'client' : 'subject'} to the user mapping of the server; \`trust\` prints the file.`,
    }),
  ],
  [
    /JWT expired|Token is expired/i,
    () => ({
      problem: 'The token ended while dbt was at work: Trino checks it with every statement.',
      remedy:
        "GitHub's token lives five minutes. For longer runs let an identity provider give a longer one (`via: entra` or `via: oauth`), or split the run into several `run` lines.",
    }),
  ],
  [
    /JWT signature does not match|Unknown signing key|Cannot find .*key/i,
    (_found, { claims, provider }) => ({
      problem: 'Trino does not find the key that signed the token.',
      remedy: provider
        ? `\`http-server.authentication.jwt.key-file\` must be the keys of the provider${provider.issued ? `, \`${provider.issued.keys}\`` : ' (`jwks_uri` of its discovery document)'}.`
        : `\`http-server.authentication.jwt.key-file\` must be \`${claims.iss}/.well-known/jwks\` for tokens of that issuer.`,
    }),
  ],
  [
    /Access Denied: User (\S+) cannot impersonate user (\S+)/,
    ([mapped = '', asked = '']) => ({
      problem: `The token stands for the user \`${mapped}\`, and the connection asks for \`${asked.replace(/['"]$/, '')}\`.`,
      remedy: 'Leave `user` out of the connection, or map the subject to that user.',
    }),
  ],
  [
    /Access Denied: ([^'\n]+)/,
    ([what = '']) => ({
      problem: `Trino knows who we are and does not allow it: ${what.trim()}.`,
      remedy: 'Give the user what the run needs in the access rules of the server; `trust` prints the least.',
    }),
  ],
  [
    /CERTIFICATE_VERIFY_FAILED/,
    (_found, { connection: { host } }) => ({
      problem: `dbt does not trust the certificate of ${host}.`,
      remedy:
        'Name the PEM file of its certificate authority in `cert:` of the connection. Where REQUESTS_CA_BUNDLE or CURL_CA_BUNDLE is set, Python takes that file and not `cert:`.',
    }),
  ],
  [
    /error 401: b'(Unauthorized)?'/,
    (_found, { claims }) => ({
      problem: `Trino refuses the token of \`${claims.sub}\` and does not say why.`,
      remedy:
        'Check on the server that JWT is among `http-server.authentication.type`, then issuer, audience and user mapping; its log says more.',
    }),
  ],
]

/** What an error of Trino, as dbt shows it, means for this run. */
export function diagnose(
  error: string,
  connection: Connection,
  claims: Claims,
  request?: TrustRequest,
): Diagnosis | undefined {
  const provider = request?.via === 'direct' ? undefined : request
  for (const [text, explain] of ROWS) {
    const found = text.exec(error)
    if (found) return explain(found.slice(1), { claims, connection, provider })
  }
  return undefined
}

/** As they appear in dbt's output. */
export const ERRORS = [
  'Invalid Audience: [other]. Allowed audiences: trino',
  'No user mapping patterns match the principal',
  'JWT expired',
  'JWT signature does not match locally computed signature',
  'Access Denied: User dbt cannot impersonate user ada',
  'CERTIFICATE_VERIFY_FAILED',
  "error 401: b'Unauthorized'",
] as const
