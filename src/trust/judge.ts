import { isClaimName } from '../claim-names.ts'
import { DbtOidcError } from '../errors.ts'
import type { Finding } from '../findings.ts'
import type { OtherIssuer } from '../other-issuer.ts'
import { visible } from '../policy/visible.ts'
import { ageOf, unusedWays, type ReviewLimits } from './age.ts'
import { titleOf } from './drift.ts'
import { audienceFindings, sharedAudiences } from './judge/audience.ts'
import { conditionFindings } from './judge/conditions.ts'
import { issuerFindings } from './judge/issuer.ts'
import { repositoryFindings } from './judge/repository.ts'
import type { Reader } from './reader.ts'
import type { Read } from './recognise.ts'
import type { Odd, Way } from './statement.ts'

/** By what a trust is judged. */
export interface Judging {
  /** Issuers that are taken for GitHub beside its own: that of the policy, of an enterprise server. */
  readonly issuers: readonly string[]
  /** Other issuers that the policy declares: what their claims mean it says itself. */
  readonly declared?: readonly OtherIssuer[]
  readonly review: ReviewLimits
  readonly today: Date
}

/** A finding before it is known where it stands. */
export type Said = Odd

/** Everything that is wrong with, or odd about, what stands on the other side, whatever the policy says. */
export function judge(all: readonly Read[], judging: Judging): readonly Finding[] {
  return [...all.flatMap((read) => judgeOne(read, judging)), ...sharedAudiences(all)]
}

function judgeOne(read: Read, judging: Judging): readonly Finding[] {
  const { statement } = read
  const title = visible(titleOf(statement))
  const whole = (said: readonly Said[]): readonly Finding[] =>
    said.map((one) => ({ ...one, where: read.place(), about: title }))
  return [
    ...statement.ways.flatMap((way) =>
      sayOf(read, way, judging)
        .map(withoutNothing)
        .map((one): Finding => {
          const about = statement.ways.length === 1 ? title : `${title}, ${visible(way.name)}`
          return { ...one, where: read.place(way), about }
        }),
    ),
    ...whole([...(statement.settings ?? [])].filter(([name]) => name.startsWith('keys')).map(uploaded)),
    ...whole(statement.odd ?? []),
    ...whole(statement.ways.length === 0 ? [nobody(statement.remarks ?? [])] : []),
    ...whole(ageOf(statement, undefined, judging)),
    ...whole(unusedWays(statement, judging)),
  ]
}

/** What nobody may paste is not offered: a value of a hostile document does not stand in the way of its verdict. */
function offering(reader: Reader): Reader {
  return {
    ...reader,
    write(claim, values) {
      try {
        return reader.write(claim, values)
      } catch (error) {
        if (error instanceof DbtOidcError) return ''
        throw error
      }
    },
  }
}

function withoutNothing({ paste, ...said }: Said): Said {
  return paste ? { ...said, paste } : said
}

function sayOf(read: Read, way: Way, { issuers, declared = [] }: Judging): readonly Said[] {
  const reader = offering(read.reader)
  const known = declared.some((other) => isOf(way, other))
  if (way.principal !== undefined)
    return [
      ...strangers(way.principal),
      ...(way.issuer === undefined || known ? [] : issuerFindings(way, reader, issuers)),
    ]
  if (known) return declaredFindings(way)
  const issuer = issuerFindings(way, reader, issuers)
  // What another issuer's claims mean is not known here.
  if (issuer.some(({ code }) => code === 'issuer-foreign')) return issuer
  return [
    ...issuer,
    ...audienceFindings(way, reader),
    ...repositoryFindings(way, reader),
    ...conditionFindings(way, reader),
  ]
}

/** Whether a way is for the tokens of an issuer: it says so, or it compares what only those have, where it does not tell. */
function isOf({ issuer, conditions }: Way, { url, claims }: OtherIssuer): boolean {
  if (issuer !== undefined) return issuer === url
  return conditions.some(({ claim }) => !isClaimName(claim) && claims.includes(claim.replace(/^\//, '')))
}

/** Of an issuer that the policy declares only this is known: that it has strangers, too. */
function declaredFindings({ issuer = 'its issuer', conditions }: Way): readonly Said[] {
  if (conditions.some(({ by, alsoAbsent }) => by !== 'except' && alsoAbsent === undefined)) return []
  return [
    {
      code: 'subject-missing',
      severity: 'error',
      problem: `It asks for no subject: whoever has a token of ${visible(issuer)} comes in.`,
      remedy: 'Name the subject, as `dbt-oidc trust` writes it.',
    },
  ]
}

function strangers(principal: string): readonly Said[] {
  if (!principal.startsWith('everybody')) return []
  return [
    {
      code: 'principal-any',
      severity: 'error',
      problem: `It lets in ${principal}, with no token of GitHub at all.`,
      remedy: 'Name one principal.',
    },
  ]
}

function uploaded([name, value]: readonly [string, string]): Said {
  return {
    code: 'keys-of-its-own',
    severity: 'warning',
    problem: `The ${visible(name)} are not those that GitHub publishes (${visible(value)}): whoever holds their other half signs whatever they like, and GitHub's next keys do not fit.`,
    remedy: 'Remove them, so that the keys are read from the issuer.',
  }
}

function nobody(remarks: readonly string[]): Said {
  return {
    code: 'nobody',
    severity: 'note',
    problem: ['Nobody comes in by it.', ...remarks.map(visible)].join(' '),
    remedy: 'Remove it if nothing is to come in any more.',
  }
}
