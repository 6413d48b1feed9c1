import type { YAMLParseError } from 'yaml'
import type { Place } from '../policy.ts'
import type { Problem } from '../yaml.ts'

/** More than this many sentences about one broken text help nobody: most follow from the first. */
const SHOWN = 5

const TABS = 'Tabs are not allowed as indentation: use spaces.'

const BY_CODE: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: TABS,
  MULTIPLE_DOCS: 'A second document begins here (---): only one is allowed.',
  RESOURCE_EXHAUSTION: 'Lists and mappings are nested too deeply.',
  BLOCK_AS_IMPLICIT_KEY:
    'A mapping cannot begin here: is a value with ": " unquoted, or a line indented too far?',
  MULTILINE_IMPLICIT_KEY: 'A key must stand on one line: is a ":" missing after the key?',
  BAD_ALIAS: 'An anchor (&name) or alias (*name) has no usable name: quote the value if it is text.',
  MULTIPLE_ANCHORS: 'A value can have at most one anchor (&name).',
  MULTIPLE_TAGS: 'Tags (!…) are not allowed: write the value without its tag.',
}

/** One sentence for each fault of the syntax, the first of each line; one for all tabs. */
export function explain(
  errors: readonly YAMLParseError[],
  text: string,
  place: (offset: number) => Place,
): readonly Problem[] {
  const startOf = lineStarts(text)
  const tab = errors.find((error) => /^ *\t/.test(text.slice(startOf(error), startOf(error) + 200)))
  // Whoever indents by tabs does so everywhere, and what a line belongs to can no longer be told.
  if (tab) return [{ place: place(tab.pos[0]), problem: TABS }]
  const seen = new Set<number>()
  const problems: Problem[] = []
  for (const error of errors) {
    const start = startOf(error)
    if (seen.has(start) || problems.length >= SHOWN) continue
    seen.add(start)
    problems.push({ place: place(error.pos[0]), problem: sentence(error) })
  }
  return problems
}

/** Where the line of an error begins. Most errors are on the line of the one before, which may be the whole text. */
function lineStarts(text: string): (error: YAMLParseError) => number {
  let [start, end] = [0, -1]
  return ({ pos: [at] }) => {
    if (at >= start && at <= end) return start
    const next = text.indexOf('\n', at)
    ;[start, end] = [text.lastIndexOf('\n', at - 1) + 1, next < 0 ? text.length : next]
    return start
  }
}

function sentence(error: YAMLParseError): string {
  const known = Object.hasOwn(BY_CODE, error.code) ? BY_CODE[error.code] : undefined
  if (known !== undefined) return known
  // The package quotes the offending source, which may be a password.
  const message = error.message
    .replace(/: ["|>].*$/s, '')
    .replace(/^Invalid escape sequence .*$/s, 'Invalid escape sequence after \\ in double quotes')
  return `This is not valid YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}.`
}
