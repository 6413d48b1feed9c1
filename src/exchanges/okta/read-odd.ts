import type { Odd } from '../../trust/statement.ts'

/** An app that says who it is by what can be read. */
export function bySecret(method: string): readonly Odd[] {
  if (method === 'private_key_jwt') return []
  return [
    {
      code: 'client-secret',
      severity: 'error',
      problem: `The app says who it is by \`${method}\`: whoever reads its secret logs in from anywhere, without a run.`,
      remedy:
        'Let it be "Public key / Private key", with the public half of the key that only the run may use.',
      paste: '"token_endpoint_auth_method": "private_key_jwt"',
    },
  ]
}

/** Tokens that only the client itself can use. */
export function boundTo(bound: boolean): readonly Odd[] {
  if (!bound) return []
  return [
    {
      code: 'bound-token',
      severity: 'error',
      problem: 'Its tokens are bound to a key of the client (DPoP), and no warehouse takes such a token.',
      remedy: 'Switch DPoP off for the app.',
      paste: '"dpop_bound_access_tokens": false',
    },
  ]
}

/** An app that is for more than runs. */
export function further(types: readonly string[]): readonly Odd[] {
  const more = types.filter((one) => one !== 'client_credentials')
  if (more.length === 0) return []
  return [
    {
      code: 'further-login',
      severity: 'warning',
      problem: `The app may also ask for tokens by ${more.join(', ')}, which a run never does.`,
      remedy: 'Let it have client credentials alone: an app of the type API Services can do nothing else.',
      paste: '"grant_types": ["client_credentials"]',
    },
  ]
}

/** A rule that tells no scope from another. */
export function everyScope(scopes: readonly string[]): readonly Odd[] {
  if (!scopes.includes('*')) return []
  return [
    {
      code: 'any-scope',
      severity: 'warning',
      problem: 'It gives every scope of the server, those of other roles included.',
      remedy: 'Name the one scope, `session:role:ROLE`.',
    },
  ]
}

/** Six hours: no job of GitHub's own runners lives longer. */
const LONGEST = 360

/** Tokens that outlive every run. */
export function lasting(minutes: number): readonly Odd[] {
  if (minutes <= LONGEST) return []
  return [
    {
      code: 'long-lived',
      severity: 'warning',
      problem: `Its tokens live ${minutes} minutes, which nobody can take back: the warehouse checks them by itself.`,
      remedy: 'Set the lifetime to what a run needs; the action asks for another one meanwhile.',
    },
  ]
}
