import { createHash } from 'node:crypto'
import type { Problems } from './problems.ts'
import { placeOfInput } from './options.ts'
import type { Sources } from './sources.ts'

/** Where the policy file is looked for when no input names one. */
export const POLICY_PATH = '.github/dbt-oidc.yml'

/** A policy file of another repository: `OWNER/REPOSITORY/PATH@REF`. */
export interface PolicyPlace {
  readonly owner: string
  readonly repo: string
  readonly path: string
  /** A branch, a tag or a commit. */
  readonly ref: string
}

/** Which text a run was decided by. */
export interface PolicyFacts {
  /** As it was named. */
  readonly place: string
  /** The commit that the ref stood for; null for a file of the checkout. */
  readonly commit: string | null
  /** SHA-256 of the text, lower-case hexadecimal. */
  readonly sha256: string
}

/** What GitHub says of a policy file of another repository. */
export type PolicyRead =
  | { readonly kind: 'text'; readonly text: string; readonly commit: string }
  | { readonly kind: 'untold'; readonly why: string }

const NAME = String.raw`[A-Za-z0-9_.-]{1,100}`
const PLACE = new RegExp(`^(${NAME})/(${NAME})/([^@\\s]+\\.ya?ml)@([^\\s:?*[\\\\^~]{1,250})$`)

/** The place that an input names; undefined for a file of the checkout. */
export function placeOf(text: string): PolicyPlace | undefined {
  const [, owner, repo, path, ref] = PLACE.exec(text) ?? []
  if (owner === undefined || repo === undefined || path === undefined || ref === undefined) return undefined
  return { owner, repo, path, ref }
}

/** A policy of another repository in one line: which text it is now. */
export function policyLine({ place, commit, sha256 }: PolicyFacts): string {
  return `policy: ${place} is commit ${commit ?? 'of the checkout'}, SHA-256 ${sha256}`
}

/** What identifies a text that was read. */
export function factsOf(place: string, text: string, commit: string | null): PolicyFacts {
  return { place, commit, sha256: createHash('sha256').update(text).digest('hex') }
}

/** The text of a policy file of another repository, and its commit; a sentence goes to `problems` where there is none. */
export async function readPlace(
  shown: string,
  place: PolicyPlace,
  sources: Sources,
  problems: Problems,
): Promise<{ readonly text: string; readonly commit: string } | undefined> {
  if (place.path.split('/').some((part) => part === '' || part === '.' || part === '..')) {
    problems.add(placeOfInput('config'), `\`${shown}\` has a path that is none of a repository.`)
    return undefined
  }
  const read = await sources.readPolicy?.(place)
  if (read?.kind === 'text') return read
  problems.add(
    placeOfInput('config'),
    `\`${shown}\` cannot be read: ${read?.why ?? 'nobody here asks GitHub'}.`,
  )
  return undefined
}
