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
      remedy:
        'Give each issuer a target of its own: the same connection, with a role, user, provider or app of its own.',
    })
  return { issuer: theirs.url, other: theirs, grants: elsewhere.filter((grant) => grant.issuer === name) }
}

/** By what a trust for other issuers is written; elsewhere it would name addresses and claims that are GitHub's. */
const WRITTEN: ReadonlySet<string> = new Set(['aws', 'google', 'entra', 'vault', 'none'])
const DIRECT: ReadonlySet<string> = new Set(['snowflake', 'databricks'])

/** Throws `configuration` where a trust for another issuer's tokens is not written, or would let in its strangers. */
export function refuseUnwritten({ other, rules, target: name }: TrustRequest, target: Target): void {
  if (!other) return
  const { via, warehouse } = target
  if (!WRITTEN.has(via) && !(via === 'direct' && DIRECT.has(warehouse.type)))
    fail({
      code: 'configuration',
      problem: `The trust of ${name} for tokens of ${other.url} is not written: via ${via} ${warehouse.title} is told of GitHub's issuer alone.`,
      remedy:
        'Trust the issuer there by hand, with its keys, the audience and the subject, or take a way of which the trust is written (aws, google, entra, vault; Snowflake and Databricks by themselves).',
    })
  // Google and Vault compare the claims themselves.
  const open =
    via === 'google' || via === 'vault' ? undefined : rules.find(({ subjects }) => subjects.length === 0)
  if (open)
    fail({
      code: 'configuration',
      problem: `The grant ${open.grant} of ${name} names no claims of which the subject of a token is made, and the other side compares the subject.`,
      remedy: `Write the subject beside them, as a token of ${other.name} has it: \`sub: …\`.`,
    })
  // A star there stands for any characters: what leaves the owner open lets in everybody whom the issuer knows.
  const wide =
    via !== 'aws'
      ? []
      : rules.flatMap(({ subjects }) => subjects.filter((one) => !namesOwner(other, 'sub', one)))
  if (wide[0] !== undefined)
    fail({
      code: 'configuration',
      problem: `The subjects of ${name} leave open whose tokens they are (\`${wide[0]}\`), and AWS compares nothing else.`,
      remedy: `Name the owner by the claims that stand in the subject, or write the subject out: \`sub: …\`.`,
    })
}
