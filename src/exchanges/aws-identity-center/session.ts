import type { Aws } from '../../credential.ts'
import type { Mint } from '../../claims.ts'
import type { Io, Want } from '../../exchange.ts'
import { patiently, retry } from '../../retry.ts'
import { assume, assumeRole, sessionName } from '../aws/assume.ts'
import { audienceOf as audienceOfSts, placeOf } from '../aws/place.ts'
import { first } from './place.ts'
import { audienceOf, keyed, type Settings } from './settings.ts'
import { identityContext } from './token.ts'

/** Who vouches for the user in a session of AWS. */
const PROVIDER = 'contextProvider/IdentityCenter'

/**
 * Keys of the session role that carry the user of Identity Center: one token for the role that trades, a second one for
 * Identity Center, and its assertion for the last role. Identity Center takes no token twice, so each try mints anew.
 */
export async function enhancedSession(settings: Settings, want: Want, mint: Mint, io: Io): Promise<Aws> {
  const all = keyed(settings)
  const own = first(all)
  const place = placeOf(own, want)
  const rule = patiently(io)
  const trader = await assume({ settings: own, place, audience: audienceOfSts(own) }, mint, io)
  io.mask(trader.secretAccessKey)
  io.mask(trader.sessionToken)
  const user = await retry(async () => {
    const token = await mint(audienceOf(settings, want))
    const asked = { application: all.application, token: token.text, place }
    return { context: await identityContext(asked, trader, io), claims: token.claims }
  }, rule)
  io.mask(user.context)
  const asked = {
    RoleArn: all['session-role'],
    RoleSessionName: sessionName(user.claims),
    DurationSeconds: all.duration ?? 3600,
    ProvidedContexts: [
      { ProviderArn: `arn:${place.partition.name}:iam::aws:${PROVIDER}`, ContextAssertion: user.context },
    ],
  }
  const session = await retry(() => assumeRole(asked, place, trader, io), rule)
  return { kind: 'aws', ...session, region: place.wanted }
}
