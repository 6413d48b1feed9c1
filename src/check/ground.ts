import type { Rule } from './deployment.ts'
import type { Ids } from './supposed.ts'

/** A branch or tag from which a run may start. */
export interface Ref {
  /** `refs/heads/main` */
  readonly ref: string
  /** How it is shown, where the ref stands for others. */
  readonly label?: string
  /** Undefined: not known. */
  readonly isProtected: boolean | undefined
}

/** An environment of the repository. */
export interface Environment {
  readonly name: string
  readonly rule: Rule
  /** False: GitHub has none of this name, and a workflow that names it makes it, without any rule. */
  readonly there: boolean | undefined
}

/** What a repository has, as far as it is known: the ground on which a policy stands. */
export interface Ground {
  readonly repository: string
  readonly issuer: string
  readonly ids: Ids
  /** The forms that `sub` may have. */
  readonly forms: readonly ('name' | 'id')[]
  readonly defaultBranch: string | undefined
  /** Claims that are the same in every run and known, e.g. the visibility. */
  readonly standing: ReadonlyMap<string, string>
  readonly refs: readonly Ref[]
  readonly environments: readonly Environment[]
}

/** A branch that nobody has made yet: whoever may push can make one of nearly any name. */
export const ANY_OTHER: Ref = {
  ref: 'refs/heads/zz-a-name-that-nobody-has-taken',
  label: 'any other branch',
  isProtected: undefined,
}

/** How a ref is shown to people. */
export function shownRef({ ref, label }: Ref): string {
  return label ?? ref.replace(/^refs\/heads\//, '').replace(/^refs\/tags\//, 'tag ')
}
