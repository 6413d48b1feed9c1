import type { Want } from '../../exchange.ts'
import { creations } from '../../trust/parts.ts'
import { comment } from '../../trust/quote.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { functionsFor, partsOf } from './calls.ts'
import { opening } from './opening.ts'
import { printed } from './printed.ts'
import type { Settings } from './settings.ts'
import { toldOf } from './told.ts'

/** Who may sign with the key, where GitHub's token is compared; then the app whose key it is. */
export function trust(s: Settings, want: Want, request: TrustRequest): readonly TrustDocument[] {
  return [...opening(s, want, request, 'commands'), app(s, want, request)]
}

/** Okta compares nothing of GitHub's token; all that it knows is the public half of the key. */
function app(s: Settings, want: Want, request: TrustRequest): TrustDocument {
  const told = toldOf(s, want, request)
  const { title, lines, key, keyId, scope, tokenUrl, audience, held, owns } = told
  const head = [
    ...lines,
    '',
    'App:             API Services; client authentication "Public key / Private key"; no DPoP',
    `Public key:      that of ${key}, as a JWK of RS256 with the kid ${keyId}`,
    `Token endpoint:  ${tokenUrl}`,
    ...(audience === undefined
      ? []
      : [`Audience:        that of the server, e.g. ${audience}: what the warehouse expects in its tokens`]),
    ...(scope === undefined ? [] : [`Scope:           ${scope}, defined on that server`]),
    'Access policy:   a rule for this client, grant type Client Credentials, this scope, and the shortest lifetime that a run can live with',
    '',
    'App and server are made in the console, since Okta chooses their ids; the rest there, too, or by these calls of its API,',
    'with an API token of an administrator in the variable OKTA_API_TOKEN. They need curl and node.',
  ]
  const before = [functionsFor(told.origin)]
  const parts = partsOf(s, told)
  return {
    title,
    language: 'sh',
    text: `${[comment('#', head), ...before, ...creations(parts)].join('\n')}\n`,
    before,
    parts,
    ...held,
    owns,
    prints: printed(told),
  }
}
