import type { SubjectForm } from '../../../src/trust/rules.ts'
import { githubClaims, subjectOf, type ClaimSet, type SubForm } from '../github-claims.ts'
import { scalarText } from '../shape.ts'
import { IMPOSSIBLE, NEAR, POSSIBLE, type Change } from './changes.ts'
import type { Choose } from './choose.ts'
import type { WrittenWhen } from './policies.ts'

/** A token, and what is known of how it came to be. */
export interface Token {
  readonly claims: Readonly<Record<string, string>>
  readonly form: SubForm
  /** Whether GitHub could have written it: its `sub` follows from its other claims, or is one of the repository's own making. */
  readonly possible: boolean
  /** What the event file says of a pull request. */
  readonly fork: boolean
  /** What was done to it, for whoever reads a counterexample. */
  readonly changes: readonly string[]
}

/** A value that a pattern fits. */
export function valueFor(pattern: string, choose: Choose): string {
  // A workflow's file lies in no folder below.
  const [, folder, file, rest] = /^(.*[/][.]github[/]workflows[/])([^/@]*)(@.*)$/.exec(pattern) ?? []
  if (folder !== undefined && file?.includes('*'))
    return valueFor(folder, choose) + file.replaceAll(/\*+/g, 'x') + valueFor(rest ?? '', choose)
  return pattern.replaceAll(/\*+/g, (star) =>
    star === '*' ? choose.one('x', '1', 'a-b', 'é') : choose.one('x', 'x/y', 'main'),
  )
}

/** Claims for a grant, from which GitHub's others follow. */
function claimsFor(when: WrittenWhen, choose: Choose): Record<string, string> {
  const given: Record<string, string> = {}
  for (const [claim, patterns] of Object.entries(when))
    given[claim] = valueFor(choose.one(...patterns), choose)
  // What is the default anyway follows from its claims, so that changes of those reach it.
  const [, kind, value = ''] = /^repo:[^:]*:(environment|ref):([^:]*)$/.exec(given.sub ?? '') ?? []
  if (kind !== undefined) {
    delete given.sub
    given[kind] = value
  }
  given.event_name =
    when.event_name === undefined
      ? choose.one('push', 'schedule', 'workflow_dispatch')
      : eventFor(when, choose)
  if (given.environment === undefined && choose.often(25)) given.environment = 'production'
  if (given.event_name === 'pull_request') {
    if (given.ref === undefined) given.ref = 'refs/pull/7/merge'
    given.base_ref ??= 'main'
    given.head_ref ??= 'feature'
  }
  given.ref ??= 'refs/heads/main'
  if (given.repository === 'o/r2') given.repository_id = '457'
  return given
}

function eventFor(when: WrittenWhen, choose: Choose): string {
  const event = choose.one(...(when.event_name ?? []))
  return event === '**' ? 'push' : event.replace('*', 'dispatch')
}

/** One claim as another grant has it. */
function mixture(when: WrittenWhen): Change {
  return [
    'a claim of another grant',
    (given, choose) => {
      const named = Object.entries(when).filter(([claim]) => claim !== 'sub' && claim !== 'event_name')
      if (named.length === 0) return
      const [claim, patterns] = choose.one(...named)
      given[claim] = valueFor(choose.one(...patterns), choose)
    },
  ]
}

/** A token for a grant, of a form that the repository may have, changed in no claim, in one or in two. */
export function mintFor(
  when: WrittenWhen,
  all: readonly WrittenWhen[],
  forms: SubjectForm,
  choose: Choose,
): Token {
  const given = claimsFor(when, choose)
  const form = forms === 'both' ? choose.one<SubForm>('name', 'id') : forms
  const changes: string[] = []
  const change = (list: readonly Change[], to: Record<string, string>): void => {
    const [name, apply] = choose.one(...list)
    apply(to, choose)
    changes.push(name)
  }
  const kind = choose.one('as granted', 'as granted', 'as granted', 'one', 'one', 'two', 'never')
  const near = [mixture(choose.one(...all)), ...Object.keys(when).flatMap((claim) => NEAR[claim] ?? [])]
  const possible = (): void => change(choose.often(70) ? near : POSSIBLE, given)
  if (kind === 'one' || kind === 'two') possible()
  if (kind === 'two') possible()
  // Every template begins with the repository as it is called now.
  if (given.sub) given.sub = given.sub.replace(/^repo:[^:]*/, `repo:${given.repository ?? 'o/r'}`)
  const claims = texts(githubClaims(given, form))
  if (kind === 'never') change(IMPOSSIBLE, claims)
  return { claims, form, possible: kind !== 'never', fork: choose.often(5), changes }
}

/** Whether the subject is the one of the default template. */
export function hasDefaultSubject({ claims, form }: Pick<Token, 'claims' | 'form'>): boolean {
  return claims.sub === subjectOf(claims, form)
}

function texts(claims: ClaimSet): Record<string, string> {
  return Object.fromEntries(Object.entries(claims).map(([name, value]) => [name, scalarText(value)]))
}
