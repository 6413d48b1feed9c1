import type { BoundExchange, Want } from '../exchange.ts'
import { OWN_AUDIENCE } from '../exchanges/none.ts'
import { isNull, type YamlNode } from '../yaml.ts'
import { entry } from './grants.ts'
import type { Problems } from './problems.ts'

/** As written for a target: the audience that its tokens have, and those that the other side takes meanwhile. */
export interface WrittenAudience {
  readonly use: string
  readonly also: readonly string[]
}

/** Written in place of an audience: one that no other target's tokens have. */
const OWN = 'own'

/** What the audiences of a target are made from. */
interface Named {
  readonly name: string
  readonly exchange: Pick<BoundExchange, 'audience'>
  readonly want: Want
  /** Whether one of its own is what is meant where none is written. */
  readonly own: boolean
  readonly flaw: (problem: string) => void
}

/**
 * The audiences of a target as its tokens have them. The first token of a run is asked for before anybody knows its claims,
 * so that a host with a `{claim}` in it can give no audience.
 */
export function audiencesFrom(
  written: WrittenAudience | undefined,
  named: Named,
): { readonly audience: string | undefined; readonly alsoAudiences: readonly string[] } {
  const { use, also } = written ?? { use: named.own ? OWN : undefined, also: [] }
  const { host = '' } = named.want
  const open = host.includes('{')
  if (open && written && [use, ...also].includes(OWN))
    named.flaw(
      `\`audience: ${OWN}\` is made of the host, and \`${host}\` is known to a running job only: write the audience out.`,
    )
  const audience = use === undefined || (open && !written) ? undefined : audienceFor(use, named)
  return { audience, alsoAudiences: also.map((one) => audienceFor(one, named)) }
}

/**
 * The audience that a text stands for: itself, or for `own` the other side's with the name of the target behind it, so that
 * a token which was bought for one account or target is worth nothing at another.
 */
function audienceFor(written: string, { name, exchange, want }: Named): string {
  if (written !== OWN) return written
  const { host } = want
  // Some take one word from all of their customers, where the host tells one from the other.
  const theirs = exchange.audience(want)
  return `${host !== undefined && want.audience === theirs ? `https://${host}` : theirs}/${name}`
}

/** Reads `audience:` of a target: a text, or a map of `use` and `also`. What else is wrong with its shape the schema says. */
export function readAudience(node: YamlNode | undefined, problems: Problems): WrittenAudience | undefined {
  if (!node) return undefined
  if (node.kind !== 'map') {
    const [use] = textsOf('audience', node, problems)
    return use === undefined ? undefined : { use, also: [] }
  }
  const [used, also] = [entry(node, 'use'), entry(node, 'also')]
  const [use] = used ? textsOf('audience.use', used, problems) : []
  const more = also ? textsOf('audience.also', also, problems) : []
  if (use === undefined) return undefined
  if (also && more.includes(use))
    problems.add(
      also.place,
      `\`audience.also\` names \`${use}\`, which is in use: name those that go or come.`,
    )
  return { use, also: more }
}

function textsOf(name: string, node: YamlNode, problems: Problems): readonly string[] {
  if (node.kind === 'map') return []
  if (node.kind === 'list') return node.items.flatMap((item) => textsOf(name, item, problems))
  if (isNull(node)) problems.add(node.place, `\`${name}\` is empty: leave it out, or write the value.`)
  else if (node.text === OWN_AUDIENCE)
    problems.add(
      node.place,
      `\`${OWN_AUDIENCE}\` is the audience of the tokens that only decide: nothing may trust it. Name another, or \`${OWN}\`.`,
    )
  return [node.text]
}
