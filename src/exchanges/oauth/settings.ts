import * as z from 'zod/mini'
import { isLoopback } from '../../rehearsal.ts'
import { GRANT_NAMES } from './body.ts'

/** Parameters that this exchange writes itself. */
const OURS = new Set([
  'grant_type',
  'assertion',
  'client_assertion',
  'client_assertion_type',
  'client_id',
  'subject_token',
  'subject_token_type',
  'requested_token_type',
  'scope',
  'resource',
])

/** A stored secret is what this action does away with. */
const SECRET = /secret|password|passphrase|credential|api_?key|private_?key|assertion|(^|_)token$/i

const url = z.string().check(
  z.refine((text) => {
    const parsed = URL.parse(text)
    if (!parsed || parsed.username || parsed.password || parsed.hash) return false
    return parsed.protocol === 'https:' || isLoopback(text)
  }, 'must be an https URL without user and fragment: a token goes there'),
)

const parameters = z.record(z.string(), z.string()).check(
  z.refine(
    (all) => Object.keys(all).every((name) => !OURS.has(name)),
    'must not repeat what the other settings say (`client-id`, `scope`, `resource`, `subject-token-type`, `requested-token-type`)',
  ),
  z.refine(
    (all) => Object.keys(all).every((name) => OURS.has(name) || !SECRET.test(name)),
    'must hold no secret: it stands in a file. Let the server know the client by its ID token (`client-authentication: assertion`)',
  ),
)

export const settings = z
  .strictObject({
    /** The token endpoint (RFC 6749 3.2). */
    'token-url': url,
    grant: z.enum(GRANT_NAMES),
    'client-id': z.optional(z.string().check(z.minLength(1))),
    /** Who proves to be the client: nobody, or a further ID token (RFC 7523 2.2). */
    'client-authentication': z.optional(z.enum(['none', 'assertion'])),
    scope: z.optional(z.string().check(z.minLength(1))),
    /** RFC 8707: the address of the service that the token is for. */
    resource: z.optional(z.string().check(z.minLength(1))),
    'subject-token-type': z.optional(z.string().check(z.minLength(1))),
    'requested-token-type': z.optional(z.string().check(z.minLength(1))),
    /** Further parameters that the server asks for, such as `audience` for Auth0. */
    parameters: z.optional(parameters),
    /** The revocation endpoint (RFC 7009). */
    'revocation-url': z.optional(url),
  })
  .check(
    z.refine((s) => s.grant === 'token-exchange' || !(s['subject-token-type'] ?? s['requested-token-type']), {
      path: ['grant'],
      error: 'must be `token-exchange` where `subject-token-type` or `requested-token-type` is set',
    }),
    z.refine((s) => s.grant !== 'client-credentials' || s['client-authentication'] !== 'none', {
      path: ['client-authentication'],
      error:
        'must be `assertion` for `client-credentials`: the ID token is all that this grant sends (leave it out)',
    }),
  )

export type Settings = z.infer<typeof settings>

/** Whether a further ID token proves who the client is. */
export function clientIsAsserted(s: Settings): boolean {
  return s.grant === 'client-credentials' || s['client-authentication'] === 'assertion'
}
