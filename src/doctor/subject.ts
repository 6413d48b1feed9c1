import type { Claims } from '../claims.ts'
import { quoted } from '../policy/visible.ts'
import { parseSub } from '../policy/subject.ts'
import { untoldBecause, type Answer } from './answer.ts'
import type { Line } from './line.ts'

/** GitHub's setting of how `sub` is made for a repository. */
export interface SubjectSetting {
  /** Whether GitHub's own template is used. */
  readonly isDefault: boolean
  /** The claims of another template; empty where the organisation's is used. */
  readonly keys: readonly string[]
  /** Whether names stand with ids; undefined: as the organisation has it. */
  readonly immutable: boolean | undefined
  /** How its subjects begin, where GitHub says so. */
  readonly prefix: string | undefined
}

/** The same for an organisation. */
export type OrganisationSetting = Pick<SubjectSetting, 'keys' | 'immutable'>

/** What is known of the subjects of a repository. */
export interface Subjects {
  readonly repository: string
  readonly own: Answer<SubjectSetting>
  /** Undefined where the owner is a person. */
  readonly organisation: Answer<OrganisationSetting> | undefined
  /** Claims of a real token. */
  readonly real: Claims | undefined
}

/** GitHub's settings of the subject, and what they mean for a trust that compares it. */
export function subjectLines({ repository, own, organisation, real }: Subjects): readonly Line[] {
  if ('untold' in own)
    return [open(untoldBecause(own.untold, 'the permission "Actions: read" of the repository'))]
  const setting = own.told
  return [
    template(repository, setting, organisation),
    form(repository, setting, organisation),
    ...beginning(setting, real),
  ]
}

function open(text: string): Line {
  return { word: 'github', mark: 'open', text: `subject: ${text}` }
}

function template(
  repository: string,
  { isDefault, keys }: SubjectSetting,
  organisation: Subjects['organisation'],
): Line {
  if (isDefault)
    return {
      word: 'github',
      mark: 'ok',
      text: "subject: made by GitHub's own template, as `trust` expects it",
    }
  const told = organisation && 'told' in organisation ? organisation.told.keys : []
  const used = keys.length > 0 ? keys : told
  const from = keys.length > 0 ? 'of the repository' : 'of the organisation'
  const of = used.length === 0 ? '' : `: ${used.join(', ')}`
  return {
    word: 'github',
    mark: 'odd',
    text: `subject: made by a template ${from}${of}`,
    remedy: `A trust that compares \`sub\` must expect what this template makes: write the whole subject as \`sub:\` into the grant (a run with \`until: claims\` prints it), or go back with \`gh api -X PUT repos/${repository}/actions/oidc/customization/sub -F use_default=true\`.`,
  }
}

function form(
  repository: string,
  { immutable }: SubjectSetting,
  organisation: Subjects['organisation'],
): Line {
  const inherited = organisation && 'told' in organisation ? organisation.told.immutable : undefined
  const held = immutable ?? inherited
  if (held === true) {
    const by = immutable === undefined ? ', by the setting of the organisation' : ''
    return {
      word: 'github',
      mark: 'ok',
      text: `subject: names owner and repository with their ids (immutable)${by}`,
    }
  }
  if (held === undefined && organisation && 'untold' in organisation)
    return open(
      `with ids or without is the organisation's to say: ${untoldBecause(organisation.untold, 'the permission "Administration: read" of the organisation (classic tokens: read:org)')}`,
    )
  return {
    word: 'github',
    mark: 'odd',
    text: 'subject: names owner and repository by name alone, which somebody else can come to have',
    remedy: `Pin \`repository-id\` and \`repository-owner-id\` in the policy, run \`trust\` and paste it, and then switch over: gh api -X PUT repos/${repository}/actions/oidc/customization/sub -F use_default=true -F use_immutable_subject=true`,
  }
}

function beginning({ prefix }: SubjectSetting, real: Claims | undefined): readonly Line[] {
  if (prefix === undefined || !real) return []
  if (real.sub.startsWith(prefix))
    return [
      { word: 'github', mark: 'ok', text: `subject: begins with ${quoted(prefix)}, as the token's does` },
    ]
  const { ownerId } = parseSub(real.sub) ?? {}
  const had = ownerId === undefined ? 'without ids' : 'with ids'
  return [
    {
      word: 'github',
      mark: 'odd',
      text: `subject: begins with ${quoted(prefix)} from now on; the token still has ${quoted(real.sub)} (${had})`,
      remedy:
        'Let the trust have both forms until every run has a new token; `dbt-oidc trust` prints both where ids are pinned.',
    },
  ]
}
