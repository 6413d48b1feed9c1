import * as z from 'zod/mini'
import { KINDS } from '../other-issuer/kinds.ts'
import { FEW_STARS } from '../pattern.ts'

/** YAML numbers and booleans are accepted and compared as their source text. */
const scalar = z.union([z.string().check(z.minLength(1)), z.number(), z.boolean()])
/** What is wrong with a pattern is said with its claim by `policy/lint.ts`; an editor gets to know of it from here. */
const text = z.string().check(z.minLength(1)).register(z.globalRegistry, { pattern: FEW_STARS.source })
const one = z.union([text, z.number(), z.boolean()])
const pattern = z.union([one, z.array(one).check(z.minLength(1))])
/** An id as GitHub has it. */
export const ID = /^[0-9]{1,20}$/
/** OWNER/REPOSITORY. */
export const REPOSITORY = /^[A-Za-z0-9_.-]{1,100}\/[A-Za-z0-9_.-]{1,100}$/
const id = z.union([
  z.string().check(z.regex(ID, 'write the number, as `gh api` prints it')),
  z.int().check(z.nonnegative()),
])
const days = z.string().check(z.regex(/^[1-9][0-9]{0,3}d$/, 'write a number of days, e.g. `90d`'))
const name = z.string().check(z.regex(/^[A-Za-z_][A-Za-z0-9_-]{0,62}$/, 'use letters, digits, `_` and `-`'))

/** Claim names are checked one by one with the list of GitHub's claims, which gives better sentences than a schema. */
const when = z.record(z.string(), pattern)

/** While one audience gives way to another: what the tokens have, and what the other side is to take as well. */
const audience = z.strictObject({
  use: scalar,
  also: z.optional(z.union([scalar, z.array(scalar).check(z.minLength(1))])),
})

/** What stands in `connection` and `identity` is judged by their warehouse and exchange, which have the better sentences. */
const target = z.strictObject({
  connection: z.looseObject({}),
  identity: z.optional(z.looseObject({})),
  audience: z.optional(z.union([scalar, audience])),
})

/** An issuer beside GitHub: claims of known kinds need no list. */
const issuer = z.strictObject({
  url: z.string().check(z.minLength(1)),
  like: z.optional(z.enum(KINDS)),
  claims: z.optional(z.array(z.string().check(z.minLength(1)))),
  owners: z.optional(z.array(z.string().check(z.minLength(1)))),
})

const grant = z.strictObject({
  name: z.optional(name),
  issuer: z.optional(name),
  target: name,
  when,
  reviewed: z.optional(z.string().check(z.regex(/^\d{4}-\d{2}-\d{2}$/, 'write a date as YYYY-MM-DD'))),
})

/** `.github/dbt-oidc.yml`. Strict: what it does not know is an error. */
export const policyFile = z.strictObject({
  repository: z.optional(z.string().check(z.regex(REPOSITORY, 'write OWNER/REPOSITORY'))),
  'repository-id': z.optional(id),
  'repository-owner-id': z.optional(id),
  issuer: z.optional(z.string()),
  issuers: z.optional(z.record(name, issuer)),
  review: z.optional(z.strictObject({ warn: z.optional(days), fail: z.optional(days) })),
  targets: z
    .record(name, target)
    .check(z.refine((targets) => Object.keys(targets).length > 0, 'must name at least one target'))
    .register(z.globalRegistry, { minProperties: 1 }),
  grants: z.array(grant).check(z.minLength(1)),
})

export type PolicyFile = z.infer<typeof policyFile>

const KEYS = {
  file: Object.keys(policyFile.def.shape),
  targets: Object.keys(target.def.shape),
  grants: Object.keys(grant.def.shape),
  issuers: Object.keys(issuer.def.shape),
  review: ['warn', 'fail'],
  audience: Object.keys(audience.def.shape),
} as const

/** The keys that may stand at a path of the file, for "did you mean". */
export function policyKeysAt([section, , key]: readonly PropertyKey[]): readonly string[] {
  if (section === 'targets' && key === 'audience') return KEYS.audience
  const own = section === 'targets' || section === 'grants' || section === 'review' || section === 'issuers'
  return own ? KEYS[section] : KEYS.file
}
