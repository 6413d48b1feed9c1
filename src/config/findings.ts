import type { Config } from '../config.ts'
import type { Finding } from '../findings.ts'
import { unreached } from '../policy/reach.ts'
import { quoted } from '../policy/visible.ts'
import type { NoticeCode } from './notice.ts'
import { audienceOf, type Target } from './target.ts'

/** Everything odd about a configuration that the step would take: what it warns of, and what only a look at the whole tells. */
export function configFindings(config: Config): readonly Finding[] {
  return [
    ...config.notices.map(({ code, text }) => noticed(code, text, config.origin)),
    ...unreachable(config),
    ...ungranted(config),
    ...audiences([...config.targets.values()]),
    ...names(config),
    ...unreviewed(config),
  ]
}

/** A sentence of a configuration with its place in front, as a finding. */
export function placed(text: string, origin: string): Pick<Finding, 'where' | 'problem'> {
  const [, where, problem] =
    /^((?:[^:\n]|:(?! ))+?:\d+:\d+(?: \(input "[\w-]+"\))?|inputs|environment|input "[\w-]+"(?::\d+:\d+)?): ([^]*)$/.exec(
      text,
    ) ?? []
  return where === undefined || problem === undefined ? { where: origin, problem: text } : { where, problem }
}

const REMEDIES: Readonly<Record<NoticeCode, string>> = {
  'open-pattern': 'Narrow the pattern, or leave it if that is meant.',
  'review-age': "Look at the grant, and write today's date as `reviewed:`.",
  overlap: 'Let the two grants differ in a claim, or ask for the target with `target`.',
  configuration: 'Mend what it says, or leave it if that is meant.',
}

function noticed(code: NoticeCode, text: string, origin: string): Finding {
  const [, meant] = /did you mean (`[^`]+`)\?$/.exec(text) ?? []
  const remedy = meant === undefined ? REMEDIES[code] : `Write ${meant}.`
  return { code, severity: 'warning', about: 'policy', ...placed(text, origin), remedy }
}

function unreachable({ grants }: Config): readonly Finding[] {
  return unreached(grants).map(({ grant, kind, why }) => ({
    code: kind === 'shadowed' ? 'shadowed' : 'unreachable',
    severity: kind === 'never' ? 'error' : 'warning',
    where: grant.place,
    about: `grant ${grant.name}`,
    problem: `The grant ${grant.name} ${why}.`,
    remedy:
      kind === 'never'
        ? 'Mend the condition, or remove the grant.'
        : 'Put the narrower grant first, or remove the one that is too many.',
  }))
}

function ungranted({ targets, grants, elsewhere }: Config): readonly Finding[] {
  return [...targets.values()]
    .filter(({ name }) => ![...grants, ...elsewhere].some(({ target }) => target === name))
    .map(({ name, place }) => ({
      code: 'ungranted',
      severity: 'note',
      where: place,
      about: `target ${name}`,
      problem: `No grant names the target ${name}, so that no run can use it.`,
      remedy: 'Grant it, or remove it, here and on the other side.',
    }))
}

/** Where nothing but the audience keeps a token for one target from the other, they must differ in it. */
function audiences(targets: readonly Target[]): readonly Finding[] {
  const seen = new Map<string, Target>()
  return targets
    .filter(({ via }) => via !== 'none')
    .flatMap((target): readonly Finding[] => {
      const audience = audienceOf(target)
      const first = seen.get(audience)
      seen.set(audience, first ?? target)
      const about = { where: target.place, about: `target ${target.name}` }
      const own = `Write \`audience: own\` for each target, and run \`trust\` again.`
      return [
        ...(first ? [shared(target, first, audience, own)] : []),
        ...(/^https:\/\/github\.com\/[^/]+\/?$/.test(audience)
          ? [
              {
                code: 'audience-default',
                severity: 'warning',
                ...about,
                problem: `${quoted(audience)} is the audience that GitHub writes where nobody asks for one: other actions' tokens have it too.`,
                remedy: own,
                paste: 'audience: own',
              } as const,
            ]
          : []),
      ]
    })
}

/** A provider's list belongs to all of its users, and its own audience is what everybody writes; a list of one's own is another matter. */
function shared(target: Target, first: Target, audience: string, remedy: string): Finding {
  const common = target.audience === undefined && target.via !== 'direct'
  return {
    code: 'audience-shared',
    severity: common ? 'note' : 'warning',
    where: target.place,
    about: `target ${target.name}`,
    problem: `The targets ${first.name} and ${target.name} share the audience ${quoted(audience)}: a token for the one can be shown to the other, and only the subject keeps them apart.`,
    remedy,
    paste: 'audience: own',
  }
}

function names({ grants, targets, origin }: Config): readonly Finding[] {
  const open = grants.filter(
    ({ when, target }) =>
      targets.get(target)?.via !== 'none' && !when.has('repository_id') && !when.has('sub'),
  )
  const [first] = open
  if (!first) return []
  const [repository = 'OWNER/NAME'] = first.when.get('repository') ?? []
  return [
    {
      code: 'by-name',
      severity: 'warning',
      where: origin,
      about: open.length === 1 ? `grant ${first.name}` : `${open.length} grants`,
      problem: `The repository is held by its name alone: whoever comes to have ${repository} after a deletion or a rename has its grants, here and on the other side.`,
      remedy: `Pin the ids, which \`gh api repos/${repository} --jq '"\\(.id) \\(.owner.id)"'\` prints${origin === 'inputs' ? ', beside what `claims` says already' : ''}.`,
      paste:
        origin === 'inputs'
          ? 'claims: |\n  repository_id: ID\n  repository_owner_id: OWNER_ID'
          : 'repository-id: ID\nrepository-owner-id: OWNER_ID',
    },
  ]
}

function unreviewed({ grants, origin }: Config): readonly Finding[] {
  if (origin === 'inputs') return []
  return grants
    .filter(({ reviewed }) => reviewed === undefined)
    .map(({ name, place }) => ({
      code: 'review-missing',
      severity: 'note',
      where: place,
      about: `grant ${name}`,
      problem: `Nobody has said when the grant ${name} was last looked at.`,
      remedy: 'Write the day of its last review, so that its age can be told.',
      paste: 'reviewed: YYYY-MM-DD',
    }))
}
