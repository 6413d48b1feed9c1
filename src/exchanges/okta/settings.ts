import * as z from 'zod/mini'
import { isLoopback } from '../../rehearsal.ts'
import { settings as aws } from '../aws/settings.ts'
import { settings as google } from '../google/settings.ts'
import { login as vault } from '../vault/settings.ts'

const PEOPLE_CANNOT_SIGN =
  'must say who may sign with the key, in one of four ways: `aws: { role: … }`, `google: { provider: … }`, `vault: { url: …, role: … }`, or `variable: OKTA_PRIVATE_KEY` for a key that is kept as a secret of GitHub'

/** A key that stays where it is, and the exchange that opens it for this run; or a key in a variable of the step. */
const signer = z
  .strictObject({
    /** Of AWS KMS an ARN, of Google KMS the name of a version, of Vault the name in the transit engine. */
    key: z.optional(z.string().check(z.minLength(1))),
    aws: z.optional(aws),
    google: z.optional(google),
    vault: z.optional(vault),
    /** Where Vault's transit engine is mounted. */
    transit: z.optional(z.string().check(z.regex(/^[\w.+-]+(?:\/[\w.+-]+)*$/, 'must be a path of Vault'))),
    variable: z.optional(
      z
        .string()
        .check(
          z.regex(/^OKTA_[A-Z0-9_]+$/, 'must be a variable that begins with `OKTA_`: dbt gets none of those'),
        ),
    ),
  })
  .check((payload) => {
    const { key, aws: a, google: g, vault: v, variable, transit } = payload.value
    const say = (path: string, message: string): void => {
      payload.issues.push({ code: 'custom', path: [path], message, input: payload.value })
    }
    if ([a, g, v, variable].filter((one) => one !== undefined).length !== 1)
      return say('key', PEOPLE_CANNOT_SIGN)
    if (variable !== undefined && key !== undefined)
      say('key', 'stands beside `variable`, which holds the key itself: leave one of them out')
    if (variable === undefined && key === undefined) say('key', 'must name the key that signs')
    if (transit !== undefined && v === undefined) say('transit', 'is a path of Vault: it goes with `vault`')
    if (key === undefined) return
    const flaw = a ? awsKey(key) : g ? googleKey(key) : undefined
    if (flaw !== undefined) say('key', flaw)
  })

function awsKey(key: string): string | undefined {
  return /^arn:aws[\w-]*:kms:[a-z0-9-]+:\d{12}:(?:key|alias)\/[\w/+=,.@-]+$/.test(key)
    ? undefined
    : 'must be the ARN of the key, as arn:aws:kms:eu-west-1:123456789012:key/1234abcd-…: it says the region, too'
}

function googleKey(key: string): string | undefined {
  return /^projects\/[\w-]+\/locations\/[\w-]+\/keyRings\/[\w-]+\/cryptoKeys\/[\w-]+\/cryptoKeyVersions\/\d+$/.test(
    key,
  )
    ? undefined
    : 'must name a version: projects/PROJECT/locations/LOCATION/keyRings/RING/cryptoKeys/KEY/cryptoKeyVersions/1'
}

export const settings = z.strictObject({
  /** The authorization server, as its metadata name the issuer: a custom one, since nobody else can check tokens of the org's own. */
  url: z
    .string()
    .check(
      z.refine(
        (text) => isServer(text) || isLoopback(text),
        'must be the issuer of a custom authorization server, as https://acme.okta.com/oauth2/aus1a2b3c4: nobody outside of Okta can check tokens of the org’s own server',
      ),
    ),
  /** Of the service app (API Services). */
  'client-id': z.string().check(z.minLength(1)),
  /** `kid` of the public key in the app; needed where it has several. */
  'key-id': z.optional(z.string().check(z.minLength(1))),
  /** What the warehouse wants unless given: `session:role:ROLE` for Snowflake. */
  scope: z.optional(z.string().check(z.minLength(1))),
  signer,
})

export type Settings = z.infer<typeof settings>
export type SignerSettings = z.infer<typeof signer>

function isServer(text: string): boolean {
  const url = URL.parse(text)
  return (
    url?.protocol === 'https:' &&
    url.search === '' &&
    url.hash === '' &&
    url.username === '' &&
    /^\/oauth2\/[\w-]+$/.test(url.pathname)
  )
}
