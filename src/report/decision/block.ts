import type { Claims } from '../../claims.ts'
import { checkPattern } from '../../pattern.ts'
import type { Decision } from '../../policy.ts'
import { visible } from '../../policy/visible.ts'
import type { GivenUp } from './given-up.ts'
import { scalar } from './scalar.ts'

/** Where the rules of a run stand, and so what a block to paste must look like. */
export type Form = 'policy' | 'inputs'

/** What a grant for this run would name: the repository by name and ids, then where and why it ran. */
const NAMED = [
  'repository',
  'repository_id',
  'repository_owner_id',
  'event_name',
  'ref',
  'environment',
] as const

/** Claims that have an input of their own; the others go into `claims`. */
const OWN_INPUT: ReadonlySet<string> = new Set(['repository', 'ref', 'environment'])

interface Line {
  readonly claim: string
  readonly text: string
}

function lineOf(claim: string, value: string, form: Form): Line {
  // GitHub would evaluate it as an expression of the workflow, wherever it stands.
  const expression = form === 'inputs' && value.includes('${{')
  if (checkPattern(value) === undefined && !expression) return { claim, text: `${claim}: ${scalar(value)}` }
  const what = form === 'inputs' ? 'an input' : 'a pattern'
  return { claim, text: `# ${claim}: the value of this run cannot be written as ${what}` }
}

/** `also` are claims that the grants of the policy name: a block without them would let in more than those. */
function linesOf(claims: Claims, form: Form, also: readonly string[]): readonly Line[] {
  if (claims.nameable) return named([...new Set([...claims.nameable, ...also])], claims, form)
  const event = claims.all.get('event_name') ?? ''
  // The ref of a pull request holds its number: a grant for it would end with this one pull request.
  const pullRequest =
    claims.all.get('ref')?.startsWith('refs/pull/') === true && event.startsWith('pull_request')
  const names = NAMED.map((name) => (name === 'ref' && pullRequest ? 'base_ref' : name))
  const more = also.filter((name) => !(NAMED as readonly string[]).includes(name))
  return [...named([...new Set([...names, ...more])], claims, form), ...openRef(claims)]
}

/** A run that is only supposed may be one of no branch, and a block of no branch is one for all. */
function openRef({ all }: Claims): readonly Line[] {
  if (all.get('ref') || all.get('environment')) return []
  return [{ claim: 'ref', text: '# ref: not known here; without it every branch would be let in' }]
}

function named(names: readonly string[], { all }: Claims, form: Form): readonly Line[] {
  return names.flatMap((name) => {
    const value = all.get(name)
    return value ? [lineOf(name, value, form)] : []
  })
}

const indented = ({ text }: Line): string => `  ${text}`

/** What goes with the block, said where it is pasted. */
function lostLine({ claim, expected }: GivenUp): Line {
  return { claim, text: `# ${visible(claim)}: given up, was ${expected.map(scalar).join(' or ')}` }
}

/** The `when:` block that would grant this run and hardly any other, to be pasted into a grant. */
export function whenBlock(
  claims: Claims,
  also: readonly string[] = [],
  lost: readonly GivenUp[] = [],
): string {
  const issuer = claims.from === undefined ? [] : [`issuer: ${scalar(claims.from)}`]
  const lines = [...linesOf(claims, 'policy', also), ...lost.map(lostLine)]
  return [...issuer, 'when:', ...lines.map(indented)].join('\n')
}

/** The same as inputs of the step, to be pasted below `with:`. */
export function inputsBlock(
  claims: Claims,
  also: readonly string[] = [],
  lost: readonly GivenUp[] = [],
): string {
  const lines = linesOf(claims, 'inputs', also)
  const own = lines.filter(({ claim }) => OWN_INPUT.has(claim))
  const more = lines.filter(({ claim }) => !OWN_INPUT.has(claim))
  const rest = more.length === 0 ? [] : ['claims: |', ...more.map(indented)]
  return [...[...own, ...lost.map(lostLine)].map(({ text }) => text), ...rest].join('\n')
}

/** The block in the form in which the rules of the run are written. */
export function blockFor(
  claims: Claims,
  form: Form,
  also: readonly string[] = [],
  lost: readonly GivenUp[] = [],
): string {
  return form === 'inputs' ? inputsBlock(claims, also, lost) : whenBlock(claims, also, lost)
}

/** How the rules behind a decision are written. */
export function formOf({ verdicts }: Decision): Form {
  return verdicts.length > 0 && verdicts.every(({ grant }) => grant.place === 'inputs') ? 'inputs' : 'policy'
}
