import { Document, isMap, isSeq, Scalar } from 'yaml'
import { isPlaceholder, type Placeholder } from './placeholder.ts'

/** The text of a policy: values in the place of placeholders, each with a comment that says what belongs there. */
export function policyText(policy: Readonly<Record<string, unknown>>, schema: string): string {
  const document = new Document(policy)
  filled(document.contents)
  document.commentBefore = ` yaml-language-server: $schema=${schema}`
  return document.toString({ lineWidth: 0, flowCollectionPadding: true })
}

/** Every placeholder of a value, in the order in which they are written. */
export function placeholdersIn(
  value: unknown,
): readonly (readonly [path: string, placeholder: Placeholder])[] {
  return walk(value, '')
}

function walk(value: unknown, path: string): readonly (readonly [string, Placeholder])[] {
  if (isPlaceholder(value)) return [[path, value]]
  if (typeof value !== 'object' || value === null) return []
  return Object.entries(value).flatMap(([key, one]) => walk(one, path === '' ? key : `${path}.${key}`))
}

/** Puts a scalar with a comment in the place of each placeholder. */
function filled(node: unknown): void {
  if (isMap(node))
    for (const pair of node.items) {
      const mark = markOf(pair.value)
      if (mark) pair.value = mark
      else filled(pair.value)
    }
  if (isSeq(node)) for (const item of node.items) filled(item)
}

function markOf(value: unknown): Scalar | undefined {
  if (!isMap(value)) return undefined
  const [placeholder, source] = [value.get('placeholder'), value.get('source')]
  if (value.items.length !== 2 || typeof placeholder !== 'string' || typeof source !== 'string')
    return undefined
  const scalar = new Scalar(/^\d{1,5}$/.test(placeholder) ? Number(placeholder) : placeholder)
  scalar.comment = ` FILL IN: ${source}`
  return scalar
}
