import { invisible, isLiteral, matches, trace } from '../pattern.ts'
import { subjectHint } from './subject.ts'
import { quoted } from './visible.ts'

const ABSENT: ReadonlyMap<string, string> = new Map([
  ['environment', 'the job names no environment; `environment:` of the job puts it into the token'],
  ['job_workflow_sha', 'only some servers put this claim into the token'],
])

/** ASCII only: `toLowerCase` would call the Kelvin sign a k. */
function lower(text: string): string {
  return text.replaceAll(/[A-Z]/g, (letter) => letter.toLowerCase())
}

function refHint(pattern: string, ref: string): string | undefined {
  const branch = 'refs/heads/'
  if (ref === `${branch}${pattern}`) {
    return pattern.startsWith('refs/')
      ? `this is a branch whose own name is ${quoted(pattern)}, not that branch`
      : `refs are written in full: ${quoted(ref)}`
  }
  if (ref === `refs/tags/${pattern}`) return `refs are written in full: ${quoted(ref)}`
  if (ref.startsWith('refs/pull/')) {
    return 'the run is for a pull request, whose ref is no branch; a grant names it by `event_name: pull_request`'
  }
  if (pattern.startsWith(branch) && matches(`refs/tags/${pattern.slice(branch.length)}`, ref)) {
    return 'this is a tag of that name, not the branch'
  }
  if (pattern.startsWith('refs/tags/') && matches(`${branch}${pattern.slice(10)}`, ref)) {
    return 'this is a branch of that name, not the tag'
  }
  return undefined
}

function textHint(pattern: string, value: string): string | undefined {
  if (matches(lower(pattern), lower(value))) return 'only the case differs'
  if (matches(pattern.trim(), value.trim())) return 'only a leading or trailing space differs'
  if (!isLiteral(pattern) && matches(pattern.replaceAll(/\*+/g, '**'), value)) {
    return '`*` stops at `/` and `:`; `**` goes on over `/`'
  }
  if (/[|^$()[\]+?\\]/.test(pattern)) {
    return 'patterns know `*` and `**` only, every other character stands for itself; several values are a list'
  }
  return undefined
}

function differenceHint(expected: readonly string[], value: string): string | undefined {
  const [pattern] = expected
  if (pattern === undefined || expected.length > 1) return undefined
  const position = trace(pattern, value).followed
  const point = Array.from(value)[position]
  if (point === undefined) return `the value ends where the pattern goes on, after character ${position}`
  const code = point.codePointAt(0) ?? 0
  const foreign = code > 0x7e ? ` (U+${code.toString(16).toUpperCase().padStart(4, '0')})` : ''
  return `first differing character at position ${position + 1}: ${quoted(point)}${foreign}`
}

/** What a reader should notice about a claim that does not match. */
export function hintFor(
  claim: string,
  expected: readonly string[],
  actual: string | undefined,
): string | undefined {
  if (actual === undefined) return ABSENT.get(claim) ?? 'the token has no such claim'
  if (actual === '') return 'the claim is empty, and an empty claim is not a value'
  const hidden = invisible(actual)
  if (hidden) return `the value holds the invisible character ${hidden}, and such a value never matches`
  const special = claim === 'sub' ? [subjectHint] : claim === 'ref' ? [refHint] : []
  for (const hint of [...special, textHint]) {
    for (const pattern of expected) {
      const found = hint(pattern, actual)
      if (found !== undefined) return found
    }
  }
  return differenceHint(expected, actual)
}
