import type { Want } from '../../exchange.ts'
import type { TrustRequest } from '../../trust.ts'
import { tokenUrl } from './assertion.ts'
import type { Settings } from './settings.ts'

/** Minutes that an access token of Okta lives unless its rule says otherwise; five is the least. */
export const LIFETIME = 60

/** What Okta is told of an app and its authorization server, however it is written. */
export function toldOf(s: Settings, want: Want, { target, rules }: TrustRequest) {
  const stored = s.signer.variable
  const url = new URL(s.url)
  return {
    title: `Okta: the app of ${target}`,
    /** The last part of the server's address. */
    server: url.pathname.split('/').at(-1) ?? '',
    origin: url.origin,
    app: s['client-id'],
    key: s.signer.key ?? stored ?? '',
    /** Where the app has one key only, its name is anybody's choice. */
    keyId: s['key-id'] ?? 'dbt-oidc',
    scope: s.scope ?? want.scope,
    /** `aud` of its tokens, where the warehouse says what it expects. */
    audience: want.host === undefined ? undefined : `https://${want.host}`,
    lines: [
      `Okta, for the target ${target}: the app ${s['client-id']} and its authorization server ${s.url}.`,
      ...(stored === undefined
        ? [
            'Okta compares nothing of the token of GitHub: that is done where the key is kept, and by this action.',
          ]
        : [
            `NOT SECRETLESS: the private key is kept as the secret ${stored} of GitHub, and whoever reads it can log in from anywhere.`,
            'Nothing but this action compares the claims of the run. Let AWS KMS, Google KMS or Vault hold the key.',
          ]),
    ],
    tokenUrl: tokenUrl(s),
    held: {
      heldThere: [],
      checkedHere: stored === undefined ? [] : [...new Set(rules.flatMap(({ when }) => [...when.keys()]))],
    },
  }
}
