import type { Claims } from '../../src/claims.ts'
import type { Check, Facts, Grant, When } from '../../src/policy.ts'
import { githubClaims, type ClaimSet, type SubForm } from './github-claims.ts'
import { scalarText } from './shape.ts'

/** Verified claims as the gate would hand them on, where a test needs no token. */
export function claimsOf(given: ClaimSet = {}, form: SubForm = 'name'): Claims {
  const set = githubClaims(given, form)
  const all = new Map(Object.entries(set).map(([name, value]) => [name, scalarText(value)]))
  return {
    iss: 'https://token.actions.githubusercontent.com',
    sub: all.get('sub') ?? '',
    aud: 'dbt-oidc',
    jti: 'jti-1',
    iat: 1_790_000_000,
    exp: 1_790_000_300,
    all,
  }
}

/** Conditions as somebody would write them: one pattern or a list. */
export type Written = Readonly<Record<string, string | readonly string[]>>

/** Conditions as the policy holds them. */
export function whenOf(written: Written): When {
  return new Map(
    Object.entries(written).map(([claim, value]) => [claim, typeof value === 'string' ? [value] : value]),
  )
}

/** A grant for a target. */
export function grantOf(written: Written, target = 'prod', name = `for ${target}`): Grant {
  return { name, target, when: whenOf(written), place: '.github/dbt-oidc.yml:14:5' }
}

/** Facts of a run that is no pull request, or one from the repository itself. */
export const sameRepository: Facts = { pullRequest: { kind: 'same' } }

/** The checks that failed, by claim. */
export function failed(checks: readonly Check[]): readonly string[] {
  return checks.filter((check) => !check.ok).map((check) => check.claim)
}
