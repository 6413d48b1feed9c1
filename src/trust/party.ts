import type { Config } from '../config.ts'
import type { Target } from '../config/target.ts'
import { fail } from '../errors.ts'
import { namesOwner, type OtherIssuer } from '../other-issuer.ts'
import type { Grant } from '../policy.ts'
import type { TrustRequest } from '../trust.ts'

/** What of a configuration says who is let in. */
export type Granting = Pick<Config, 'grants' | 'issuer'> &
  Partial<Pick<Config, 'elsewhere' | 'issuers' | 'other'>>

/** The one issuer whose tokens a target is for, with the grants for them. */
export interface Party {
  readonly issuer: string
  readonly other: OtherIssuer | undefined
  readonly grants: readonly Grant[]
}

/**
 * Whose tokens a target is for. Throws `configuration` where several issuers lead to it: what compares a subject has one
 * list, and the name of one issuer's subject may be another's to give.
 */
export function partyOf(config: Granting, target: string): Party {
  const { grants, issuer, other, elsewhere = [], issuers } = config
  const own = grants.some((grant) => grant.target === target)
  // A job that is running has come with one issuer's token, whoever else may come.
  if (other) return { issuer, other, grants }
  const others = new Set(elsewhere.filter((grant) => grant.target === target).map((grant) => grant.issuer))
  const [name] = others
  if (others.size === 0) return { issuer, other: undefined, grants }
  const theirs = name === undefined ? undefined : issuers?.get(name)
  if (own || others.size > 1 || !theirs)
    return fail({
      code: 'configuration',
      problem: `Grants for tokens of several issuers lead to ${target} (${[...(own ? ['GitHub'] : []), ...others].join(', ')}), and a trust is written for one.`,
      remedy: `Write one target for each issuer (${[...(own ? [`${target}-github`] : []), ...[...others].map((one) => `${target}-${one}`)].join(', ')}) with the same connection, and let its grants name it. Each has of its own what compares the token: the role of AWS or Vault, the provider of Google, the app of Entra, the service principal of Databricks; the user of Snowflake, which \`trust\` names after target and issuer.`,
    })
  return { issuer: theirs.url, other: theirs, grants: elsewhere.filter((grant) => grant.issuer === name) }
}

/** By what a trust for other issuers is written; elsewhere it would name addresses and claims that are GitHub's. */
const WRITTEN: ReadonlySet<string> = new Set(['aws', 'google', 'entra', 'vault', 'none'])
const DIRECT: ReadonlySet<string> = new Set(['snowflake', 'databricks'])

/** What to do where it is not written, by exchange or type of the warehouse. */
const INSTEAD: ReadonlyMap<string, string> = new Map([
  [
    'aws-identity-center',
    'Take `via: aws` with a role for this target: its trust is written, and no user of Identity Center is needed.',
  ],
  [
    'oauth',
    'Make the issuer known to the authorization server by hand, with its URL, the audience of the target and the subject of the job; or take `via: aws`, `google`, `entra`, `vault` or `okta`, as far as the warehouse has it.',
  ],
  [
    'trino',
    'Take `via: entra`; or set `http-server.authentication.jwt.key-file`, `required-issuer` and `required-audience` of the server to the keys and URL of the issuer and to the audience of the target by hand: it takes tokens of one issuer.',
  ],
])
const BY_HAND =
  'Trust the issuer there by hand, with its keys, the audience and the subject, or take a way of which the trust is written (aws, google, entra, vault, okta; Snowflake and Databricks by themselves).'

/** By whom no subject has to be known. */
const ANY_CLAIM: ReadonlySet<string> = new Set(['google', 'vault', 'none'])

/** Throws `configuration` where a trust for another issuer's tokens is not written, or would let in its strangers. */
export function refuseUnwritten({ other, rules, target: name }: TrustRequest, target: Target): void {
  if (!other) return
  const { via, warehouse } = target
  const by = target.exchange.comparedBy
  if (!WRITTEN.has(by) && !(via === 'direct' && DIRECT.has(warehouse.type)))
    fail({
      code: 'configuration',
      problem: `The trust of ${name} for tokens of ${other.url} is not written: via ${via} ${warehouse.title} is told of GitHub's issuer alone.`,
      remedy: INSTEAD.get(via === 'direct' ? warehouse.type : via) ?? BY_HAND,
    })
  // Google and Vault compare the claims themselves, and without an exchange nobody compares anything.
  const open = ANY_CLAIM.has(by) ? undefined : rules.find(({ subjects }) => subjects.length === 0)
  if (open)
    fail({
      code: 'configuration',
      problem: `The grant ${open.grant} of ${name} names no claims of which the subject of a token is made, and the other side compares the subject.`,
      remedy: `Write the subject beside them, as a token of ${other.name} has it: \`sub: …\`.`,
    })
  // A star there stands for any characters: what leaves the owner open lets in everybody whom the issuer knows.
  const wide =
    by !== 'aws'
      ? []
      : rules.flatMap(({ subjects }) => subjects.filter((one) => !namesOwner(other, 'sub', one)))
  if (wide[0] !== undefined)
    fail({
      code: 'configuration',
      problem: `The subjects of ${name} leave open whose tokens they are (\`${wide[0]}\`), and AWS compares nothing else.`,
      remedy: `Name the owner by the claims that stand in the subject, or write the subject out: \`sub: …\`.`,
    })
}
