/** A workflow command as the runner reads it from one line. */
export interface Command {
  /** In lower case; the runner does not mind the case. */
  readonly name: string
  readonly properties: Readonly<Record<string, string>>
  readonly data: string
}

/** Every command a runner executes for an action, `stop-commands` included. */
export const commandNames: ReadonlySet<string> = new Set([
  'add-mask',
  'add-matcher',
  'add-path',
  'debug',
  'echo',
  'endgroup',
  'error',
  'group',
  'notice',
  'remove-matcher',
  'save-state',
  'set-env',
  'set-output',
  'stop-commands',
  'warning',
])

// .NET's white space, which is not JavaScript's: U+0085 belongs to it and U+FEFF does not.
const space = '[\\t-\\r \\u0085\\u00a0\\u1680\\u2000-\\u200a\\u2028\\u2029\\u202f\\u205f\\u3000]'
const leading = new RegExp(`^${space}+`, 'u')
const trailing = new RegExp(`${space}+$`, 'u')

// The runner looks for the second `::` by the rules of a culture, for which characters without a weight are not
// there. Taking more lines for commands than a runner would is the safe side of an oracle.
const weightless = '[\\p{Default_Ignorable_Code_Point}\\0-\\x08\\x0e-\\x1f\\x7f]*'
const separator = new RegExp(`:${weightless}:`, 'u')

type Replacement = readonly [escaped: string, plain: string]

// In the runner's order: `%25` last, so that `%250A` becomes `%0A` and no line break.
const lineBreaks: readonly Replacement[] = [
  ['%0D', '\r'],
  ['%0A', '\n'],
]
const percent: Replacement = ['%25', '%']
const dataEscapes = [...lineBreaks, percent]
const propertyEscapes = [...lineBreaks, ['%3A', ':'], ['%2C', ','], percent] as const
const legacyEscapes = [['%3B', ';'], ...lineBreaks, ['%5D', ']'], percent] as const

/** The lines of a stream: CR alone ends one too, and a last line needs no end. */
export function linesOf(text: string): string[] {
  const lines = text.split(/\r\n|\r|\n/)
  if (lines.at(-1) === '') lines.pop()
  return lines
}

/** The command in one line, if `names` knows it: `::name k=v,k=v::data`, else the older `##[name k=v;k=v]data`. */
export function parseLine(line: string, names: ReadonlySet<string> = commandNames): Command | undefined {
  return parseColons(line, names) ?? parseBrackets(line, names)
}

/** The commands that a text would execute while none are stopped. */
export function parseCommands(text: string): Command[] {
  return linesOf(text).flatMap((line) => parseLine(line) ?? [])
}

function parseColons(line: string, names: ReadonlySet<string>): Command | undefined {
  const text = line.replace(leading, '')
  if (!text.startsWith('::')) return undefined
  const end = text.slice(2).search(separator)
  if (end < 0) return undefined
  const info = text.slice(2, end + 2)
  return command(info, names, ',', propertyEscapes, unescape(text.slice(end + 4), dataEscapes), true)
}

function parseBrackets(line: string, names: ReadonlySet<string>): Command | undefined {
  const start = line.indexOf('##[')
  if (start < 0) return undefined
  const end = line.indexOf(']', start)
  if (end < 0) return undefined
  const info = line.slice(start + 3, end)
  return command(info, names, ';', legacyEscapes, unescape(line.slice(end + 1), legacyEscapes), false)
}

function command(
  info: string,
  names: ReadonlySet<string>,
  comma: string,
  escapes: readonly Replacement[],
  data: string,
  trims: boolean,
): Command | undefined {
  const blank = info.indexOf(' ')
  const name = (blank < 0 ? info : info.slice(0, blank)).toLowerCase()
  if (!names.has(name)) return undefined
  const rest = blank < 0 ? '' : info.slice(blank + 1)
  const list = trims ? rest.replace(leading, '').replace(trailing, '') : rest
  const pairs = list.split(comma).flatMap((text) => pairOf(text, escapes))
  return { name, properties: Object.fromEntries(pairs), data }
}

// The runner splits without empty entries, so `a==b` is a pair and `a=` is none.
function pairOf(text: string, escapes: readonly Replacement[]): [string, string][] {
  const [, key, value] = /^=*([^=]+)=+([^=][^]*)$/.exec(text) ?? []
  return key === undefined || value === undefined ? [] : [[key, unescape(value, escapes)]]
}

function unescape(text: string, escapes: readonly Replacement[]): string {
  return escapes.reduce((result, [escaped, plain]) => result.replaceAll(escaped, plain), text)
}
