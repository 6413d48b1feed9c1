import { audienceOf, placeOf } from '../../aws/place.ts'
import type { Settings } from '../../aws/settings.ts'
import type { Signer } from '../signer.ts'

/** A key of AWS KMS (`kms:Sign`, RSASSA_PKCS1_V1_5_SHA_256), which only the role may use. */
export function awsSigner(s: Settings, key: string): Signer {
  const region = key.split(':')[3] ?? ''
  const place = placeOf(s, { region })
  const host = `kms.${region}.${place.partition.suffix}`
  return {
    audience: audienceOf(s),
    identity: s.chain?.at(-1)?.role ?? s.role,
    hosts: [place.host, host],
    async sign(text, mint, io) {
      const [{ assume }, { signAt }] = await Promise.all([
        import('../../aws/assume.ts'),
        import('./aws-kms.ts'),
      ])
      const session = await assume({ settings: s, place, audience: audienceOf(s) }, mint, io)
      io.mask(session.secretAccessKey)
      io.mask(session.sessionToken)
      return signAt({ host, region }, key, text, session, io)
    },
  }
}
