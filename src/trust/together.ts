import { fail } from '../errors.ts'
import type { Added, Owned, TrustDocument } from '../trust.ts'
import { json } from './quote.ts'

/** A document with the targets that it is for. */
export interface Made extends TrustDocument {
  readonly targets: readonly string[]
}

/**
 * Throws `configuration` where documents of two targets would set one thing in two ways: whichever is pasted last would
 * replace the other, or let the tokens of one target in as the other.
 */
export function refuseShared(made: readonly Made[]): void {
  const seen = new Map<string, { readonly rule: string; readonly target: string }>()
  const all = made.flatMap(({ targets, owns = [] }) =>
    owns.map((one): [Owned, string] => [one, targets.join(', ')]),
  )
  for (const [{ what, rule, remedy }, target] of all) {
    const first = seen.get(what)
    if (first && first.rule !== rule)
      fail({
        code: 'configuration',
        problem: `The targets ${first.target} and ${target} share ${what}, and what it has to trust differs between them.`,
        remedy,
      })
    seen.set(what, first ?? { rule, target })
  }
}

/** The documents of several targets as one list: what is the same stands once, and what goes into one file is one. */
export function together(made: readonly Made[]): readonly Made[] {
  const found = new Map<string, Made>()
  for (const one of made) {
    const { file, language, text, adds } = one
    const key = JSON.stringify(
      adds ? [language, adds.to] : file ? [language, file.host, file.path] : [language, text],
    )
    const first = found.get(key)
    found.set(key, first ? merged(first, one) : one)
  }
  return [...found.values()]
}

function merged(first: Made, second: Made): Made {
  const checkedHere = [...new Set([...first.checkedHere, ...second.checkedHere])]
  const heldThere = [...new Set([...first.heldThere, ...second.heldThere])]
  return {
    ...first,
    targets: [...new Set([...first.targets, ...second.targets])],
    ...(first.adds && second.adds ? joinedLists(first.adds, second.adds) : {}),
    ...(first.adds ? {} : { text: first.text === second.text ? first.text : textOf(first, second) }),
    heldThere: heldThere.filter((claim) => !checkedHere.includes(claim)),
    checkedHere,
  }
}

/** One list for all who add to it. */
function joinedLists(first: Added, second: Added): Pick<TrustDocument, 'text' | 'adds'> {
  const values = [...new Set([...first.values, ...second.values])]
  return { text: first.write(values), adds: { ...first, values } }
}

function textOf(first: Made, second: Made): string {
  if (first.language === 'json') return `${json(joined(JSON.parse(first.text), JSON.parse(second.text)))}\n`
  const [[comments, settings], [more, others]] = [parted(first.text), parted(second.text)]
  if (settings.join('\n') !== others.join('\n'))
    fail({
      code: 'configuration',
      problem: `The targets ${first.targets.join(', ')} and ${second.targets.join(', ')} want different settings in ${first.file?.path ?? first.title} of ${first.file?.host ?? 'one server'}.`,
      remedy: 'Give them the same `audience` and the same kind of identity, or each a server of its own.',
    })
  return [...new Set([...comments, ...more]), ...settings].join('\n')
}

/** Lists of the same name, one behind the other, each entry once. */
function joined(first: unknown, second: unknown): unknown {
  if (Array.isArray(first) && Array.isArray(second)) {
    const entries = new Map([...first, ...second].map((one): [string, unknown] => [JSON.stringify(one), one]))
    return [...entries.values()]
  }
  if (!isMap(first) || !isMap(second)) return first
  const keys = [...new Set([...Object.keys(first), ...Object.keys(second)])]
  return Object.fromEntries(keys.map((key) => [key, joined(first[key] ?? second[key], second[key])]))
}

function isMap(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}

function parted(text: string): readonly [readonly string[], readonly string[]] {
  const lines = text.split('\n')
  return [lines.filter((line) => line.startsWith('#')), lines.filter((line) => !line.startsWith('#'))]
}
