import * as z from 'zod/mini'
import type { Login } from '../../vault/settings.ts'
import type { Signer } from '../signer.ts'

const answer = z.object({ data: z.object({ signature: z.string().check(z.regex(/^vault:v\d+:[\w+/=]+$/)) }) })

/** A key of Vault's transit engine (api-docs/secret/transit, "Sign data"); the login is given back at once. */
export function vaultSigner(s: Login, transit: string, key: string): Signer {
  const { origin, hostname } = new URL(s.url)
  return {
    audience: origin,
    identity: `${s.mount}/${s.role}`,
    hosts: [hostname],
    async sign(text, mint, io, left) {
      const [{ call }, { logIn }, { giveBack }] = await Promise.all([
        import('../../vault/api.ts'),
        import('../../vault/login.ts'),
        import('../../vault/secret.ts'),
      ])
      const session = await logIn(s, (await mint(origin)).text, io, left)
      try {
        const body = {
          input: Buffer.from(text).toString('base64'),
          hash_algorithm: 'sha2-256',
          signature_algorithm: 'pkcs1v15',
        }
        const path = `${transit}/sign/${key}`
        const { token } = session
        const { data } = await call(
          s,
          io,
          { method: 'POST', path, body, token, secrets: [token], left },
          answer,
        )
        return Buffer.from(data.signature.replace(/^vault:v\d+:/, ''), 'base64')
      } finally {
        await giveBack(s, session.token, io).catch(() => undefined)
      }
    },
  }
}
