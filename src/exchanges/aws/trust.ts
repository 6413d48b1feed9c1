import { fail } from '../../errors.ts'
import type { Want } from '../../exchange.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { comment, jsonWord, sh, verbatim } from '../../trust/quote.ts'
import { heldBy } from '../../trust/held.ts'
import type { Role } from './arn.ts'
import { asSeen, conditionOf, type Held } from './condition.ts'
import { checkedRole } from './place.ts'
import type { Link, Settings } from './settings.ts'

/** IAM counts characters without white space: 2048 for a role's trust policy, 4096 once the quota is raised. */
const QUOTA = { usual: 2048, most: 4096 }

/** The identity provider, then the role with its trust policy, and each further role of the chain. */
export function trust(settings: Settings, _want: Want, request: TrustRequest): readonly TrustDocument[] {
  return [
    identityProvider(checkedRole(settings.role), request),
    first(settings, request),
    ...(settings.chain ?? []).map((link, index) => further(settings, index, link)),
  ]
}

/** One for the whole account, whatever roles trust it: the text is the same for each of them. */
function identityProvider(role: Role, { issuer, audiences }: TrustRequest): TrustDocument {
  const arn = providerArn(role, issuer)
  return {
    title: `Identity provider in account ${role.account}`,
    language: 'sh',
    text: [
      comment('#', [
        `AWS account ${role.account}: it has one identity provider for ${issuer}. Where it exists, add the audience to it:`,
        ...audiences.map(
          (audience) =>
            sh`aws iam add-client-id-to-open-id-connect-provider --open-id-connect-provider-arn ${arn} --client-id ${audience}`,
        ),
      ]),
      sh`aws iam create-open-id-connect-provider --url ${issuer} --client-id-list ${audiences}`,
    ].join('\n'),
    heldThere: [],
    checkedHere: [],
  }
}

function providerArn({ partition, account }: Role, issuer: string): string {
  return `arn:${partition}:iam::${account}:oidc-provider/${issuer.replace(/^https?:\/\//, '')}`
}

/** A role has one trust policy: a second target's would replace it. */
export function owned({ arn }: Role, policy: unknown): Pick<TrustDocument, 'owns'> {
  const rule = JSON.stringify(policy)
  return { owns: [{ what: `the role ${arn}`, rule, remedy: 'Give each target a role of its own.' }] }
}

function first(settings: Settings, request: TrustRequest): TrustDocument {
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
  const lines = [
    `AWS account ${role.account}: who may assume ${role.arn} for the target ${request.target}.`,
    `Held there: ${list(['aud', ...heldThere])}.`,
    `Checked by this action only: ${checkedHere.length === 0 ? 'nothing' : list(checkedHere)}.`,
    ...byGrant,
    ...inPart(rules, held),
    ...sizeOf(policy, request.target),
    'A role that exists takes the same document by aws iam update-assume-role-policy --role-name ... --policy-document ...',
  ]
  return {
    title: `Role ${role.name} in account ${role.account}`,
    language: 'sh',
    text: [comment('#', lines), createRole(role, Math.max(3600, settings.duration ?? 0), policy)].join('\n'),
    heldThere,
    checkedHere,
    ...owned(role, policy),
    prints: printed(role, policy),
  }
}

/** As `aws iam get-role` has it afterwards. */
export function printed({ arn }: Role, policy: unknown): unknown {
  return { Role: { Arn: arn, AssumeRolePolicyDocument: policy } }
}

/** Claims of which IAM compares a pattern that lets in more than ours. */
function inPart(rules: TrustRequest['rules'], held: readonly Held[]): readonly string[] {
  return rules.flatMap(({ grant }, index) => {
    const patterns = held[index]?.inPart ?? []
    const told = patterns.map(([claim, pattern]) => `${claim} ${pattern}`)
    return told.length === 0
      ? []
      : [
          `Held there in part, of the grant ${grant}: ${list(told)}. IAM's * also stands for / and :, so this action checks the rest.`,
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

function further(settings: Settings, index: number, link: Link): TrustDocument {
  const role = checkedRole(link.role)
  const before = checkedRole(settings.chain?.[index - 1]?.role ?? settings.role)
  const tags = link['session-tags'] ?? []
  const actions = tags.length === 0 ? 'sts:AssumeRole' : ['sts:AssumeRole', 'sts:TagSession']
  const external = link['external-id']
  const policy = {
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
  const permission = {
    Version: '2012-10-17',
    Statement: [{ Effect: 'Allow', Action: actions, Resource: role.arn }],
  }
  return {
    title: `Role ${role.name} in account ${role.account}, assumed by ${before.name}`,
    language: 'sh',
    text: [
      comment('#', [
        `AWS account ${role.account}: ${before.arn} may assume ${role.arn}.`,
        'Nothing of the token is compared here: whoever has the role before it, has this one.',
      ]),
      createRole(role, 3600, policy),
      comment('#', [`AWS account ${before.account}: what ${before.name} needs for that, and no more.`]),
      sh`aws iam put-role-policy --role-name ${before.name} --policy-name ${`assume-${role.name}`.slice(0, 128)} --policy-document ${jsonWord(permission)}`,
    ].join('\n'),
    heldThere: [],
    checkedHere: [],
    ...owned(role, policy),
    prints: printed(role, policy),
  }
}

/** The command that makes a role. */
export function createRole({ name, path }: Role, longest: number, policy: unknown): string {
  const where = verbatim(path === '/' ? '' : sh` --path ${path}`)
  return sh`aws iam create-role --role-name ${name}${where} --max-session-duration ${longest} --assume-role-policy-document ${jsonWord(policy)}`
}

function list(names: readonly string[]): string {
  return names.join(', ')
}
