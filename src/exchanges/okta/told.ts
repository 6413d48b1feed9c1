import type { Want } from '../../exchange.ts'
import type { Owned, TrustRequest } from '../../trust.ts'
import { tokenUrl } from './assertion.ts'
import type { Settings } from './settings.ts'

/** Minutes that an access token of Okta lives unless its rule says otherwise; five is the least. */
export const LIFETIME = 60

/** A key is known by its name; where it has none, it must stay the only one. */
function ownedBy({ 'client-id': app, 'key-id': kid, signer }: Settings): readonly Owned[] {
  const key = signer.key ?? signer.variable ?? ''
  const remedy =
    'Give each target an app of its own, or write the same `key-id` and `signer` for all of them.'
  return [
    {
      what: `the keys of the app ${app}`,
      rule: kid === undefined ? `only ${key}` : 'each by its name',
      remedy,
      beside:
        'An app that has two keys must be told which one has signed: write the `kid` of the present key as `key-id` first, and let that reach every branch; then rotate.',
    },
    ...(kid === undefined
      ? []
      : [
          {
            what: `the key ${kid} of the app ${app}`,
            rule: key,
            remedy,
            beside:
              'Give the new key a name of its own: `--set identity.key-id=…` beside `--set identity.signer.key=…`.',
          },
        ]),
  ]
}

/** The same for whoever writes a piece of it. */
export type Told = ReturnType<typeof toldOf>

/** What Okta is told of an app and its authorization server, however it is written. */
export function toldOf(s: Settings, want: Want, { target, rules, other }: TrustRequest) {
  const stored = s.signer.variable
  const url = new URL(s.url)
  return {
    title: `Okta: the app of ${target}`,
    /** The last part of the server's address. */
    server: url.pathname.split('/').at(-1) ?? '',
    origin: url.origin,
    issuer: s.url,
    app: s['client-id'],
    key: s.signer.key ?? stored ?? '',
    /** Of access policy and rule: what they are for is one app. */
    policy: `dbt-oidc ${s['client-id']}`,
    /** Where the app has one key only, its name is anybody's choice. */
    keyId: s['key-id'] ?? 'dbt-oidc',
    scope: s.scope ?? want.scope,
    /** `aud` of its tokens, where the warehouse says what it expects. */
    audience: want.host === undefined ? undefined : `https://${want.host}`,
    lines: [
      `Okta, for the target ${target}: the app ${s['client-id']} and its authorization server ${s.url}.`,
      ...(stored === undefined
        ? [
            `Okta compares nothing of the token of ${other?.url ?? 'GitHub'}: that is done where the key is kept, and by this action.`,
          ]
        : [
            `NOT SECRETLESS: the private key is kept as the secret ${stored} of ${other ? 'the job' : 'GitHub'}, and whoever reads it can log in from anywhere.`,
            'Nothing but this action compares the claims of the run. Let AWS KMS, Google KMS or Vault hold the key.',
          ]),
    ],
    tokenUrl: tokenUrl(s),
    owns: ownedBy(s),
    held: {
      heldThere: [],
      checkedHere: stored === undefined ? [] : [...new Set(rules.flatMap(({ when }) => [...when.keys()]))],
    },
  }
}
