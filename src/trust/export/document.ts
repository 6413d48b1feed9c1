import { fail } from '../../errors.ts'
import { visible } from '../../policy/visible.ts'
import { keyProblem } from '../../token/json.ts'
import { readYaml, type YamlNode } from '../../yaml.ts'
import { nodeAt } from '../../config/schema.ts'
import { csvRows } from './csv.ts'

/** What a platform has printed, as values, and where each stands. */
export interface Exported {
  readonly value: unknown
  /** `FILE:LINE:COLUMN` of what stands at a path; the file alone where nobody knows. */
  place(path: readonly PropertyKey[]): string
}

/** No output of a platform is nested deeper; what is, was made to exhaust whoever reads it. */
const DEEPEST = 64

/** Reads JSON, or CSV with a line of names on top. Throws `configuration` with the reason why a text is neither. */
export function readExport(text: string, name: string): Exported {
  const bare = text.replace(/^\uFEFF/, '').trim()
  if (bare === '') refuse(name, 'is empty')
  if (/^[[{]/.test(bare)) return readJson(bare === text ? text : bare, name)
  const rows = csvRows(bare)
  if (!rows) refuse(name, 'is neither JSON nor CSV with a line of column names on top')
  return { value: rows, place: () => name }
}

function readJson(text: string, name: string): Exported {
  if (depthOf(text) > DEEPEST) refuse(name, `is nested more than ${DEEPEST} levels deep`)
  const value = parsed(text, name)
  const fault = keyProblem(text)
  if (fault !== undefined) refuse(name, fault)
  let root: YamlNode | undefined
  return {
    value,
    place(path) {
      // JSON is YAML, and that reader knows the places; whatever it should not take costs the line and nothing else.
      root ??= readYaml(text, name).node
      return root ? nodeAt(root, path).place : name
    },
  }
}

function parsed(text: string, name: string): unknown {
  try {
    return JSON.parse(text, (key, value: unknown) =>
      key === '__proto__' ? refuse(name, 'has a key `__proto__`') : value,
    )
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error
    return refuse(name, `is no whole JSON (${visible(error.message).slice(0, 200)})`)
  }
}

/** Brackets outside of texts; the parser itself would go to any depth. */
function depthOf(text: string): number {
  let [depth, deepest] = [0, 0]
  for (const [mark] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[[\]{}]/gs)) {
    if (mark === '[' || mark === '{') depth += 1
    else if (mark === ']' || mark === '}') depth -= 1
    deepest = Math.max(deepest, depth)
  }
  return deepest
}

function refuse(name: string, why: string): never {
  return fail({
    code: 'configuration',
    problem: `${visible(name)} ${why}.`,
    remedy: 'Give what the command of the platform has printed, as it was printed.',
  })
}
