import { OWN_AUDIENCE } from '../../exchanges/none.ts'
import type { Finding } from '../../findings.ts'
import { quoted, visible } from '../../policy/visible.ts'
import { titleOf } from '../drift.ts'
import type { Said } from '../judge.ts'
import type { Reader } from '../reader.ts'
import type { Read } from '../recognise.ts'
import type { Way } from '../statement.ts'

/** What is wrong with for whom the tokens must be. */
export function audienceFindings({ audiences, conditions }: Way, reader: Reader): readonly Said[] {
  const other = conditions.filter(({ claim }) => claim === 'aud')
  if (audiences.length === 0 && reader.audienceStands !== undefined) return []
  if (audiences.length === 0)
    return other.some(({ by, values }) => by === 'pattern' && !values.some((value) => /^\*+$/.test(value)))
      ? [wildcard(other.flatMap(({ values }) => values))]
      : [missing(reader)]
  return audiences.flatMap((audience) => ofAudience(audience))
}

function missing(reader: Reader): Said {
  return {
    code: 'audience-missing',
    severity: 'error',
    problem:
      'It asks for no audience: a token that was made for another service, and that this service has seen, comes in as well.',
    remedy: 'Ask for the audience that the target names.',
    paste: reader.write('aud', ['AUDIENCE-OF-THE-TARGET']),
  }
}

function wildcard(values: readonly string[]): Said {
  return {
    code: 'audience-pattern',
    severity: 'warning',
    problem: `It takes every audience like ${values.map(quoted).join(' or ')}.`,
    remedy: 'Write each audience out.',
  }
}

/** What is wrong with one audience, wherever it stands. */
export function ofAudience(audience: string): readonly Said[] {
  if (audience === OWN_AUDIENCE)
    return [
      {
        code: 'audience-own',
        severity: 'error',
        problem: `It takes the audience ${quoted(OWN_AUDIENCE)}: every token on which this action merely decides would open it.`,
        remedy: 'Give the target an audience of its own.',
      },
    ]
  if (/^https:\/\/github\.com\/[^/]+\/?$/.test(audience))
    return [
      {
        code: 'audience-default',
        severity: 'warning',
        problem: `${quoted(audience)} is the audience that GitHub writes where nobody asks for one: other actions' tokens have it too.`,
        remedy: 'Give the target an audience of its own, here and in the policy.',
      },
    ]
  return []
}

/** What trusts tokens for the same audience takes those that were made for the other, where nothing else keeps them apart. */
export function sharedAudiences(all: readonly Read[]): readonly Finding[] {
  const seen = new Map<string, Read>()
  return all.flatMap((read) => {
    const own = new Set(read.statement.ways.flatMap(({ audiences }) => audiences))
    return [...own].flatMap((audience): readonly Finding[] => {
      const key = JSON.stringify([read.statement.platform, audience])
      const first = seen.get(key)
      if (!first) seen.set(key, read)
      if (!first || read.reader.commonAudience?.test(audience)) return []
      return [
        {
          code: 'audience-shared',
          severity: 'warning',
          where: read.place(),
          about: visible(titleOf(read.statement)),
          problem: `It takes the audience ${quoted(audience)}, and so does ${visible(titleOf(first.statement))} (${first.place()}): a token for the one can be shown to the other.`,
          remedy: 'Give each an audience of its own: `audience:` at the target, and the same there.',
        },
      ]
    })
  })
}
