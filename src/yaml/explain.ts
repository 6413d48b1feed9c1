import type { YAMLParseError } from 'yaml'
import type { Place } from '../policy.ts'
import type { Problem } from '../yaml.ts'

/** More than this many sentences about one broken text help nobody: most follow from the first. */
const SHOWN = 5

const BY_CODE: Readonly<Record<string, string>> = {
  TAB_AS_INDENT: 'Tabs are not allowed as indentation: use spaces.',
  MULTIPLE_DOCS: 'A second document begins here (---): only one is allowed.',
  RESOURCE_EXHAUSTION: 'Lists and mappings are nested too deeply.',
  BLOCK_AS_IMPLICIT_KEY:
    'A mapping cannot begin here: is a value with ": " unquoted, or a line indented too far?',
  MULTILINE_IMPLICIT_KEY: 'A key must stand on one line: is a ":" missing after the key?',
  BAD_ALIAS: 'An anchor (&name) or alias (*name) has no usable name: quote the value if it is text.',
  MULTIPLE_ANCHORS: 'A value can have at most one anchor (&name).',
  MULTIPLE_TAGS: 'Tags (!…) are not allowed: write the value without its tag.',
}

/** One sentence for each fault of the syntax, the first of each line. */
export function explain(
  errors: readonly YAMLParseError[],
  text: string,
  place: (offset: number) => Place,
): readonly Problem[] {
  const seen = new Set<number>()
  const problems: Problem[] = []
  for (const error of errors) {
    const start = text.lastIndexOf('\n', error.pos[0] - 1) + 1
    if (seen.has(start) || problems.length >= SHOWN) continue
    seen.add(start)
    const line = text.slice(start, start + 200)
    problems.push({ place: place(error.pos[0]), problem: sentence(error, line) })
  }
  return problems
}

function sentence(error: YAMLParseError, line: string): string {
  const known = Object.hasOwn(BY_CODE, error.code) ? BY_CODE[error.code] : undefined
  if (known !== undefined) return known
  if (/^ *\t/.test(line)) return 'Tabs are not allowed as indentation: use spaces.'
  // The package quotes the offending source, which may be a password.
  const message = error.message
    .replace(/: ["|>].*$/s, '')
    .replace(/^Invalid escape sequence .*$/s, 'Invalid escape sequence after \\ in double quotes')
  return `This is not valid YAML: ${message.charAt(0).toLowerCase()}${message.slice(1)}.`
}
