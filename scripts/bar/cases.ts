import type { TestResult } from '../results.ts'
import type { Class, Proof } from './classes.ts'
import type { Part, Row } from './row.ts'

/** What the corpus of hostile inputs holds, and where its cases are played that no test names by their number. */
export interface Corpus {
  readonly ids: Readonly<Record<string, readonly number[]>>
  readonly elsewhere: Readonly<Record<string, { readonly file: string; readonly title: string }>>
}

/** Counts what became of a class: each of its cases, and whatever else holds it. A case without a test is none that holds. */
export function rowOf(one: Class, corpus: Corpus, results: readonly TestResult[]): Row {
  const { name, required, corpus: classes, proofs } = one
  const cases = classes.map((of) => casesPart(of, corpus, results))
  return { name, required, parts: [...cases, ...proofs.map((proof) => proofPart(proof, results))] }
}

/** The files of tests that a class needs, below `__tests__/`. */
export function filesOf(one: Class, { ids, elsewhere }: Corpus): readonly string[] {
  const named = one.corpus.flatMap((of) => numbered(of, ids[of] ?? []))
  const files = named.flatMap((id) => elsewhere[id]?.file ?? [])
  return [...new Set([...one.files, ...files, ...one.proofs.map(({ file }) => file)])].filter((file) =>
    /\.(?:test|spec)\.ts$/.test(file),
  )
}

function casesPart(of: string, { ids, elsewhere }: Corpus, results: readonly TestResult[]): Part {
  const all = numbered(of, ids[of] ?? [])
  const played = all.map((id) => {
    const place = elsewhere[id]
    return place ? found(place, results) : results.filter((test) => isNamed(test, id))
  })
  const held = all.filter((_, at) => holds(played[at] ?? []))
  const lost = all.filter((id) => !held.includes(id))
  const tests = new Set(played.flat())
  const failed = [...tests].filter(({ passed }) => !passed).length
  const which = lost.length === 0 ? '' : `: not ${lost.join(', ')}`
  return {
    what: of,
    measured: `${held.length} of ${all.length} cases hold in ${tests.size} tests, ${failed} failed${which}`,
    met: all.length > 0 && lost.length === 0,
  }
}

function proofPart({ what, file, title, atLeast = 1 }: Proof, results: readonly TestResult[]): Part {
  const tests = found({ file, title }, results)
  const passed = tests.filter((test) => test.passed).length
  return {
    what,
    measured: tests.length === 0 ? 'no test has run' : `${passed} of ${tests.length} tests hold`,
    ...(atLeast > 1 ? { required: `at least ${atLeast}` } : {}),
    met: holds(tests) && passed >= atLeast,
  }
}

function holds(tests: readonly TestResult[]): boolean {
  return tests.length > 0 && tests.every(({ passed }) => passed)
}

function numbered(of: string, numbers: readonly number[]): readonly string[] {
  return numbers.map((number) => `${of}-${String(number).padStart(2, '0')}`)
}

/** `corpus.test.ts` names each case too, but plays none. */
function isNamed({ file, titles }: TestResult, id: string): boolean {
  return file !== 'corpus.test.ts' && titles.some((title) => new RegExp(`\\b${id}\\b`).test(title))
}

function found(
  { file, title }: { readonly file: string; readonly title?: string | undefined },
  results: readonly TestResult[],
): readonly TestResult[] {
  const pattern = title === undefined ? undefined : patternOf(title)
  return results.filter(
    (test) => test.file === file && (pattern === undefined || test.titles.some((one) => pattern.test(one))),
  )
}

/** A title as it is written, with `%s` or `$name` where a table fills it. */
function patternOf(title: string): RegExp {
  const parts = title.split(/%[a-zA-Z]|\$[a-z]+/).map((part) => part.replaceAll(/[^\w\s]/gu, String.raw`\$&`))
  return new RegExp(parts.join('[^]*'))
}
