import { admits, type RefName, type Rule } from '../check/deployment.ts'
import { isLiteral } from '../pattern.ts'
import { quoted, visible } from '../policy/visible.ts'
import { isAbsent, untoldBecause, type Answer } from './answer.ts'
import type { Line } from './line.ts'

/** An environment as GitHub has it. */
export interface EnvironmentSetting {
  /** How many people or teams may approve; 0: nobody has to. */
  readonly reviewers: number
  readonly selfReview: boolean
  /** Minutes. */
  readonly wait: number
  readonly deployment: 'any' | 'protected' | Answer<readonly RefName[]>
}

/** An environment that grants name, and the refs that they name with it. */
export interface Named {
  readonly repository: string
  readonly name: string
  readonly refs: readonly string[]
  readonly setting: Answer<EnvironmentSetting>
}

const PERMISSION = 'the permission "Actions: read" of the repository'

/**
 * Who may run with an environment. A subject that names it names no branch, so that for a platform that compares the
 * subject alone this rule of GitHub's is all that keeps other branches away.
 */
export function environmentLine(named: Named): Line {
  const { repository, name, setting } = named
  const line = (mark: Line['mark'], text: string, remedy?: string, facts?: readonly string[]): Line => ({
    word: 'github',
    mark,
    text: `environment ${visible(name)}: ${text}`,
    ...(remedy === undefined ? {} : { remedy }),
    ...(facts === undefined ? {} : { facts }),
  })
  if ('untold' in setting) {
    if (!isAbsent(setting)) return line('open', untoldBecause(setting.untold, PERMISSION))
    return line(
      'odd',
      `GitHub has none of this name, or does not show it to this token (404; it needs ${PERMISSION})`,
      `A job that names an environment that is not there makes it, without any rule. Make it first: gh api -X PUT ${pathOf(repository, name)} ${CUSTOM}`,
    )
  }
  const facts = approvals(setting.told)
  const { deployment } = setting.told
  if (deployment === 'protected') return line('ok', 'protected branches only', undefined, facts)
  if (deployment === 'any')
    return line(
      'odd',
      'any branch may use it, and the subject of such a job names no branch',
      narrow(named),
      facts,
    )
  if ('untold' in deployment)
    return line(
      'open',
      `named branches only, but which? ${untoldBecause(deployment.untold, PERMISSION)}`,
      undefined,
      facts,
    )
  return judged(named, deployment.told, facts, line)
}

type Make = (mark: Line['mark'], text: string, remedy?: string, facts?: readonly string[]) => Line

function judged(named: Named, names: readonly RefName[], facts: readonly string[], line: Make): Line {
  const rule: Rule = { kind: 'named', names }
  const listed = names
    .map(({ type, pattern }) => `${type === 'tag' ? 'tag ' : ''}${visible(pattern)}`)
    .join(', ')
  const literal = named.refs.filter(isLiteral)
  const shut = literal.filter((ref) => admits(rule, ref, undefined) === false)
  if (shut.length > 0)
    return line(
      'wrong',
      `lets ${listed || 'nothing'} use it, and not ${shut.map(quoted).join(', ')}, which the policy names: that job is refused before it starts`,
      `Add the branch: gh api -X POST ${pathOf(named.repository, named.name)}/deployment-branch-policies -f name=${shut[0]?.replace(/^refs\/(?:heads|tags)\//, '') ?? ''}`,
      facts,
    )
  const wider = named.refs.length === 0 ? [] : names.filter((name) => !isWanted(name, named.refs))
  if (wider.length > 0)
    return line(
      'odd',
      `lets ${listed} use it: ${wider.map(({ pattern }) => quoted(pattern)).join(', ')} is more than the policy names`,
      'Take it out of the rule, or name it in the grant: a platform that compares the subject alone lets it in.',
      facts,
    )
  return line('ok', `${listed || 'nothing'} only`, undefined, facts)
}

/** A pattern of GitHub's is no more than the policy names where it is the very ref, or reads the same as a pattern. */
function isWanted({ type, pattern }: RefName, refs: readonly string[]): boolean {
  const ref = `refs/${type === 'tag' ? 'tags' : 'heads'}/${pattern}`
  return refs.some((one) => one === ref || one === '**')
}

function approvals({ reviewers, selfReview, wait }: EnvironmentSetting): readonly string[] {
  const self = selfReview ? '' : ', and never by whoever has started the run'
  return [
    reviewers === 0
      ? 'nobody has to approve'
      : `has to be approved by one of ${reviewers} ${reviewers === 1 ? 'reviewer' : 'reviewers'}${self}`,
    ...(wait === 0 ? [] : [`waits ${wait} minutes`]),
  ]
}

const CUSTOM =
  "-F 'deployment_branch_policy[protected_branches]=false' -F 'deployment_branch_policy[custom_branch_policies]=true'"

function narrow({ repository, name, refs }: Named): string {
  const path = pathOf(repository, name)
  const branch = refs.find(isLiteral)?.replace(/^refs\/heads\//, '') ?? 'main'
  return `Let it take named branches only:\ngh api -X PUT ${path} ${CUSTOM}\ngh api -X POST ${path}/deployment-branch-policies -f name=${branch}`
}

/** As an argument of a shell that needs no quotes. */
function pathOf(repository: string, name: string): string {
  return `repos/${repository}/environments/${encodeURIComponent(name).replaceAll(/[!'()*]/g, (one) => `%${one.charCodeAt(0).toString(16).toUpperCase()}`)}`
}
