import * as z from 'zod/mini'
import { fail } from '../../errors.ts'
import { dateOf, hasKeys, oneOrMore, shaped } from '../../trust/export/shape.ts'
import type { Reader } from '../../trust/reader.ts'
import type { Statement, Way } from '../../trust/statement.ts'
import { fits } from '../../trust/wildcard.ts'
import { conditionsOf, heldIn, type Block } from './read-condition.ts'

const scalar = z.union([z.string(), z.number(), z.boolean()])
const block = z.record(z.string(), z.record(z.string(), z.union([scalar, z.array(scalar)])))
const principal = z.union([z.string(), z.record(z.string(), oneOrMore)])

/** One statement of a policy (IAM User Guide, "Grammar of the IAM JSON policy language"). */
const statement = z.looseObject({
  Sid: z.optional(z.string()),
  Effect: z.enum(['Allow', 'Deny']),
  Principal: z.optional(principal),
  NotPrincipal: z.optional(principal),
  Action: z.optional(oneOrMore),
  NotAction: z.optional(oneOrMore),
  Condition: z.optional(block),
})
type PolicyStatement = z.infer<typeof statement>

const policy = z.looseObject({ Statement: z.union([z.array(statement), statement]) })

const role = z.looseObject({
  Arn: z.optional(z.string()),
  AssumeRolePolicyDocument: z.union([policy, z.string()]),
  CreateDate: z.optional(z.unknown()),
  RoleLastUsed: z.optional(z.looseObject({ LastUsedDate: z.optional(z.unknown()) })),
})

const WEB_IDENTITY = 'sts:AssumeRoleWithWebIdentity'
const GET_ROLE = 'aws iam get-role'

/** A role's trust policy: as `aws iam get-role` and `list-roles` print it, or alone. */
export const reader: Reader = {
  platform: 'AWS',
  sees: 'claims',
  commonAudience: /^sts\.amazonaws\.com(?:\.cn)?$/,
  understands: ['aws iam get-role', 'aws iam list-roles', "a role's trust policy in JSON"],
  async read(document) {
    if (hasKeys(document, 'Role') && hasKeys(document.Role, 'AssumeRolePolicyDocument'))
      return [roleStatement(document.Role, ['Role'])]
    if (hasKeys(document, 'Roles') && Array.isArray(document.Roles))
      return document.Roles.map((one, at) => roleStatement(one, ['Roles', at]))
    if (hasKeys(document, 'AssumeRolePolicyDocument')) return [roleStatement(document, [])]
    if (hasKeys(document, 'Statement'))
      return [fromPolicy(shaped(policy, document, "a role's trust policy"), [])]
    return undefined
  },
  write: (claim, [first = '', ...more]) => {
    const key = claim === 'iss' ? 'Principal.Federated' : `token.actions.githubusercontent.com:${claim}`
    const value = JSON.stringify(more.length === 0 ? first : [first, ...more])
    return claim === 'iss'
      ? `"Principal": { "Federated": "arn:aws:iam::ACCOUNT:oidc-provider/${first.replace(/^https:\/\//, '')}" }`
      : `"${/\*/.test(value) ? 'StringLike' : 'StringEquals'}": { "${key}": ${value} }`
  },
}

function roleStatement(value: unknown, path: readonly PropertyKey[]): Statement {
  const { Arn, AssumeRolePolicyDocument: found, CreateDate, RoleLastUsed } = shaped(role, value, GET_ROLE)
  const madeAt = dateOf(CreateDate)
  const usedAt = dateOf(RoleLastUsed?.LastUsedDate)
  return {
    ...(typeof found === 'string'
      ? fromPolicy(shaped(policy, decoded(found), GET_ROLE), undefined)
      : fromPolicy(found, [...path, 'AssumeRolePolicyDocument'])),
    ...(Arn === undefined ? {} : { name: Arn }),
    ...(madeAt && { madeAt }),
    ...(usedAt && { usedAt }),
  }
}

/** The service itself answers with the document URL-encoded; the command line decodes it. */
function decoded(text: string): unknown {
  try {
    return JSON.parse(text.startsWith('%') ? decodeURIComponent(text) : text)
  } catch {
    return undefined
  }
}

function fromPolicy({ Statement: found }: z.infer<typeof policy>, path?: readonly PropertyKey[]): Statement {
  const list = Array.isArray(found) ? found : [found]
  const named = list.map((one, at): Named => {
    const name = one.Sid ?? `Statement[${at}]`
    return { one, name, path: path && [...path, 'Statement', ...(Array.isArray(found) ? [at] : [])] }
  })
  const denied = named.filter(({ one }) => one.Effect === 'Deny')
  return {
    platform: 'AWS',
    what: 'role',
    ways: named.filter(({ one }) => one.Effect === 'Allow').flatMap(waysOf),
    ...(denied.length === 0
      ? {}
      : { remarks: denied.map(({ name }) => `The statement ${name} denies, whatever others allow.`) }),
  }
}

interface Named {
  readonly one: PolicyStatement
  readonly name: string
  readonly path: readonly PropertyKey[] | undefined
}

function waysOf({ one, name, path }: Named): readonly Way[] {
  const at = path ? { path } : {}
  const web = allows(one, WEB_IDENTITY)
  if (one.NotPrincipal !== undefined)
    return [{ ...way(name, undefined, one.Condition), principal: 'everybody but NotPrincipal', ...at }]
  if (one.Principal === undefined)
    return fail({
      code: 'configuration',
      problem: `The statement ${name} names no Principal: this is a policy of permissions, and none of trust.`,
      remedy:
        'Give the trust policy of the role, which `aws iam get-role` prints as AssumeRolePolicyDocument.',
    })
  const pairs =
    typeof one.Principal === 'string'
      ? [['AWS', one.Principal] as const]
      : Object.entries(one.Principal).flatMap(([kind, arns]) =>
          [arns].flat().map((arn) => [kind, arn] as const),
        )
  return pairs.map(([kind, arn]) => {
    const issuer = /^arn:[\w-]+:iam::\d{12}:oidc-provider\/(.+)$/.exec(arn)?.[1]
    if (web && kind === 'Federated' && issuer !== undefined)
      return { ...way(name, `https://${issuer}`, one.Condition), ...at }
    if (web && arn === '*') return { ...way(name, undefined, one.Condition), ...at }
    return {
      ...way(name, undefined, one.Condition),
      principal: arn === '*' ? 'everybody' : `${kind} ${arn}`,
      ...at,
    }
  })
}

function way(name: string, issuer: string | undefined, found: Block | undefined): Way {
  const all = conditionsOf(found ?? {}, issuer)
  return { name, issuer, ...heldIn(all) }
}

/** Actions are compared without case, and their stars stand for any characters. */
function allows({ Action, NotAction }: PolicyStatement, action: string): boolean {
  if (NotAction !== undefined) return ![NotAction].flat().some((one) => like(one, action))
  return [Action ?? []].flat().some((one) => like(one, action))
}

function like(pattern: string, action: string): boolean {
  return fits(pattern.toLowerCase(), action.toLowerCase())
}
