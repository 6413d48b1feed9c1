import { fail } from '../../errors.ts'
import { heldBy, type Held as Sorted } from '../../trust/held.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import type { Role } from './arn.ts'
import { asSeen, conditionOf, type Condition, type Held } from './condition.ts'
import { checkedRole } from './place.ts'
import type { Link, Settings } from './settings.ts'

/** IAM counts characters without white space: 2048 for a role's trust policy, 4096 once the quota is raised. */
const QUOTA = { usual: 2048, most: 4096 }

/** A policy of IAM, as far as it is written here. */
export interface Policy {
  readonly Version: string
  readonly Statement: readonly Statement[]
}

interface Statement {
  readonly Effect: string
  readonly Principal?: Readonly<Record<string, string>>
  readonly Action: string | readonly string[]
  readonly Resource?: string
  readonly Condition?: Condition
}

/** The trust policy of a role together with what is to be said of it. */
export interface RoleTrust {
  readonly role: Role
  readonly policy: Policy
  readonly lines: readonly string[]
  readonly held: Pick<Sorted, 'heldThere' | 'checkedHere'>
  readonly longest: number
}

/** The identity provider of an account for the issuer. */
export function providerArn({ partition, account }: Role, issuer: string): string {
  return `arn:${partition}:iam::${account}:oidc-provider/${issuer.replace(/^https?:\/\//, '')}`
}

/** A role has one trust policy: a second target's would replace it. */
export function owned({ arn }: Role, policy: Policy): Pick<TrustDocument, 'owns'> {
  const rule = JSON.stringify(policy)
  return { owns: [{ what: `the role ${arn}`, rule, remedy: 'Give each target a role of its own.' }] }
}

/** The first role: whom its account lets in with a token. */
export function firstRole(settings: Settings, request: TrustRequest): RoleTrust {
  const role = checkedRole(settings.role)
  const rules = request.rules.map((rule) => asSeen(rule, request.issuer))
  const held = rules.map((rule) => conditionOf(rule, request.issuer, request.audiences))
  const { heldThere, checkedHere, byGrant } = heldBy(rules, (rule) => held[rules.indexOf(rule)]?.claims ?? [])
  const policy = {
    Version: '2012-10-17',
    Statement: held.map(({ condition }) => ({
      Effect: 'Allow',
      Principal: { Federated: providerArn(role, request.issuer) },
      Action: 'sts:AssumeRoleWithWebIdentity',
      Condition: condition,
    })),
  }
  return {
    role,
    policy,
    lines: [
      `AWS account ${role.account}: who may assume ${role.arn} for the target ${request.target}.`,
      `Held there: ${['aud', ...heldThere].join(', ')}.`,
      `Checked by this action only: ${checkedHere.length === 0 ? 'nothing' : checkedHere.join(', ')}.`,
      ...byGrant,
      ...inPart(rules, held),
      ...sizeOf(policy, request.target),
    ],
    held: { heldThere, checkedHere },
    longest: Math.max(3600, settings.duration ?? 0),
  }
}

/** The claims of a rule that such a role compares exactly. */
export function comparedBy(
  { issuer, audiences }: TrustRequest,
  rule: TrustRequest['rules'][number],
): readonly string[] {
  return conditionOf(asSeen(rule, issuer), issuer, audiences).claims
}

/** Claims of which IAM compares a pattern that lets in more than ours. */
function inPart(rules: TrustRequest['rules'], held: readonly Held[]): readonly string[] {
  return rules.flatMap(({ grant }, index) => {
    const patterns = held[index]?.inPart ?? []
    const told = patterns.map(([claim, pattern]) => `${claim} ${pattern}`)
    return told.length === 0
      ? []
      : [
          `Held there in part, of the grant ${grant}: ${told.join(', ')}. IAM's * also stands for / and :, so this action checks the rest.`,
        ]
  })
}

function sizeOf(policy: unknown, target: string): readonly string[] {
  const size = JSON.stringify(policy).length
  if (size <= QUOTA.usual) return []
  if (size <= QUOTA.most)
    return [`${size} characters: have the quota "Role trust policy length" raised from ${QUOTA.usual} first.`]
  return fail({
    code: 'configuration',
    problem: `The trust policy for ${target} would have ${size} characters, and IAM takes at most ${QUOTA.most}.`,
    remedy:
      'Name fewer patterns in its grants, or give some of the grants a target with a role of their own.',
  })
}

/** A further role, and what the one before it needs to assume it. */
export function furtherRole(settings: Settings, index: number, link: Link) {
  const role = checkedRole(link.role)
  const before = checkedRole(settings.chain?.[index - 1]?.role ?? settings.role)
  const tags = link['session-tags'] ?? []
  const actions = tags.length === 0 ? 'sts:AssumeRole' : ['sts:AssumeRole', 'sts:TagSession']
  const external = link['external-id']
  const policy: Policy = {
    Version: '2012-10-17',
    Statement: [
      {
        Effect: 'Allow',
        Principal: { AWS: before.arn },
        Action: actions,
        Condition: {
          ...(external === undefined ? {} : { StringEquals: { 'sts:ExternalId': external } }),
          StringLike: { 'sts:RoleSessionName': 'dbt-*' },
        },
      },
    ],
  }
  const permission: Policy = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: actions, Resource: role.arn }],
  }
  return {
    role,
    before,
    policy,
    permission,
    permissionName: `assume-${role.name}`.slice(0, 128),
    lines: [
      `AWS account ${role.account}: ${before.arn} may assume ${role.arn}.`,
      'Nothing of the token is compared here: whoever has the role before it, has this one.',
    ],
  }
}
