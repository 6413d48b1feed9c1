import { createHash } from 'node:crypto'
import * as z from 'zod/mini'
import { fail } from '../../../errors.ts'
import { jsonIn } from '../../../json.ts'
import { attemptFailed, isTransient, retryAfterOf } from '../../../retry.ts'
import google from '../../google.ts'
import type { GoogleSettings } from '../../google/settings.ts'
import { without } from '../../../http/without.ts'
import type { Signer } from '../signer.ts'

const SCOPE = 'https://www.googleapis.com/auth/cloudkms'
const answer = z.object({ signature: z.string().check(z.minLength(1)) })

/** Milliseconds for one request. */
const DEADLINE = 15_000

/** A version of a key in Google's KMS (`cryptoKeyVersions.asymmetricSign`, RSA_SIGN_PKCS1_*_SHA256). */
export function googleSigner(s: GoogleSettings, key: string): Signer {
  const login = google.bind(s)
  const want = { scope: SCOPE }
  const host = `cloudkms.${s.universe}`
  return {
    audience: login.audience(want),
    identity: s['service-account'] ?? s.provider,
    hosts: [...login.hosts(want), host],
    async sign(text, mint, io, left) {
      const credential = await login.trade(want, mint, io)
      if (credential.kind !== 'bearer') throw new Error('google gave no access token')
      io.mask(credential.token)
      const reply = await io.http({
        url: `${io.at(`https://${host}`)}/v1/${key}:asymmetricSign`,
        method: 'POST',
        headers: { 'content-type': 'application/json', authorization: `Bearer ${credential.token}` },
        body: JSON.stringify({ digest: { sha256: createHash('sha256').update(text).digest('base64') } }),
        deadline: Math.min(DEADLINE, left),
        ...(io.signal && { signal: io.signal }),
      })
      if (reply.status !== 200)
        throw attemptFailed(
          {
            code: isTransient(reply.status) ? 'exchange-unavailable' : 'exchange',
            problem: `Google's KMS refused to sign with ${key}: status ${reply.status}.`,
            remedy: `Give ${s['service-account'] ?? 'the federated identity'} the role roles/cloudkms.signer on the key, and let the key be of the algorithm RSA_SIGN_PKCS1_2048_SHA256.`,
            details: sentence(reply.body, credential.token),
          },
          {
            transient: isTransient(reply.status),
            retryAfter: retryAfterOf(reply.headers['retry-after'], io.now(), reply.status),
          },
        )
      const parsed = answer.safeParse(jsonIn(reply.body))
      if (parsed.success) return Buffer.from(parsed.data.signature, 'base64')
      return fail({
        code: 'exchange',
        problem: `${host} answered without a signature.`,
        remedy: 'Check that the key is for signing (ASYMMETRIC_SIGN).',
      })
    },
  }
}

const refused = z.object({ error: z.object({ message: z.string() }) })

function sentence(body: string, secret: string): readonly string[] {
  const parsed = refused.safeParse(jsonIn(body))
  return parsed.success
    ? without(parsed.data.error.message, [secret])
        .split(/[\r\n]+/)
        .slice(0, 3)
    : []
}
