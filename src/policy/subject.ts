import { isLiteral } from '../pattern.ts'
import { quoted } from './visible.ts'

/** GitHub's `sub` by its parts. The ids are there in the form that newer repositories have. */
export interface Subject {
  readonly owner: string
  readonly ownerId?: string
  readonly repo: string
  readonly repoId?: string
  /** What follows the repository: `ref:refs/heads/main`, `environment:prod`, `pull_request`. A colon in a value is `%3A`. */
  readonly context: string
}

/** `repo:o/r` or `repo:o@123/r@456`, and what follows its colon. Names hold none of the delimiters, so nothing is ambiguous. */
const SUBJECT = /^repo:([^@/:]+)(?:@([0-9]+))?\/([^@/:]+)(?:@([0-9]+))?(?::(.*))?$/su

/** Reads both forms, `repo:o/r:…` and `repo:o@123/r@456:…`; undefined for a customised subject that starts otherwise. */
export function parseSub(sub: string): Subject | undefined {
  const [, owner, ownerId, repo, repoId, context = ''] = SUBJECT.exec(sub) ?? []
  if (owner === undefined || repo === undefined) return undefined
  return {
    owner,
    ...(ownerId === undefined ? {} : { ownerId }),
    repo,
    ...(repoId === undefined ? {} : { repoId }),
    context,
  }
}

const withAt = (id: string | undefined): string => (id === undefined ? '' : `@${id}`)

/** The repository part as it stands in a subject: `repo:o@123/r@456`. */
function prefixOf(subject: Subject): string {
  return `repo:${subject.owner}${withAt(subject.ownerId)}/${subject.repo}${withAt(subject.repoId)}`
}

function hasIds(subject: Subject): boolean {
  return subject.ownerId !== undefined || subject.repoId !== undefined
}

function formHint(policy: Subject, token: Subject): string {
  const forms = hasIds(token)
    ? 'the grant writes `sub` with names only, the token has the form with ids'
    : 'the grant writes `sub` with ids, the token has the form with names only'
  if (policy.owner !== token.owner || policy.repo !== token.repo) {
    return `${forms}, and the repository is another one`
  }
  const exact = `${prefixOf(token)}:${policy.context}`
  const more = policy.context === token.context ? '' : `; the part behind the repository differs as well`
  return `${forms}; write sub: ${quoted(exact)} here and in the trust${more}`
}

function contextHint(policy: Subject, token: Subject): string | undefined {
  const [wanted] = policy.context.split(':')
  const [found] = token.context.split(':')
  if (wanted === found) return undefined
  if (found === 'environment') {
    return 'the job has an environment, and GitHub then writes the environment into `sub` in place of the ref'
  }
  if (wanted === 'environment') return 'the job names no environment, so `sub` has none'
  if (found === 'pull_request') return 'the run is for a pull request, whose `sub` ends in `pull_request`'
  return undefined
}

/** Why a subject is not the one that a grant names, where the reason is a known one. */
export function subjectHint(pattern: string, sub: string): string | undefined {
  const policy = parseSub(pattern)
  const token = parseSub(sub)
  if (!policy || !token || !isLiteral(prefixOf(policy))) return undefined
  return hasIds(policy) === hasIds(token) ? contextHint(policy, token) : formHint(policy, token)
}
