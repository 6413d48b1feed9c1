import * as z from 'zod/mini'

/** What the event file says about a pull request: none, of this repository, of another one, or nothing to rely on. */
export type PullRequest =
  | { readonly kind: 'none' | 'same' | 'unreadable' }
  | { readonly kind: 'fork'; readonly head: string; readonly base: string }

const Repository = z.object({
  id: z.optional(z.int()),
  full_name: z.string().check(z.regex(/^[\w.-]+\/[\w.-]+$/)),
})

const Event = z.object({
  pull_request: z.object({
    head: z.object({ repo: z.nullable(Repository) }), // null: the fork has been deleted
    base: z.object({ repo: Repository }),
  }),
})

/**
 * Whose code a pull request brings, from the parsed event file. The file is not signed, so this may only ever refuse:
 * `same` grants nothing. For an event that is a pull request by its signed name, `none` must be taken as `unreadable`.
 */
export function untrustedPullRequest(event: unknown, repository: string): PullRequest {
  if (typeof event !== 'object' || event === null || Array.isArray(event)) return { kind: 'unreadable' }
  if (!Object.hasOwn(event, 'pull_request')) return { kind: 'none' }
  const parsed = Event.safeParse(event)
  if (!parsed.success) return { kind: 'unreadable' }
  const { head, base } = parsed.data.pull_request
  // A file about another repository than the one that the token names says nothing about this run.
  if (!equal(base.repo.full_name, repository)) return { kind: 'unreadable' }
  if (!head.repo) return { kind: 'fork', head: 'a deleted fork', base: base.repo.full_name }
  const [mine, theirs] = [base.repo.id, head.repo.id]
  const sameId = mine === undefined || theirs === undefined || mine === theirs
  if (equal(head.repo.full_name, base.repo.full_name) && sameId) return { kind: 'same' }
  return { kind: 'fork', head: head.repo.full_name, base: base.repo.full_name }
}

/** GitHub's names are unique whatever the case of their letters. */
function equal(one: string, other: string): boolean {
  return one.toLowerCase() === other.toLowerCase()
}
