/** What is known of a node that failed. */
export interface Failing {
  readonly message: string
  /** As it stands in the repository, Jinja and all. */
  readonly raw: string
  /** As the warehouse got it, but for the statement that dbt writes around it. */
  readonly compiled: string
}

// Every dialect counts in the statement that it was sent, which begins some lines above the compiled code.
const EXCERPT = /^\s*LINE \d+: (.+)$/m
const POSITION = /\berror line (\d+) at position|\bat \[(\d+):\d+\]|\bline (\d+), pos \d+|\bline (\d+):\d+/i
const ABOVE = 8

/**
 * The line of the source that a message of the warehouse is about, from 1. Undefined where that cannot be known: what is
 * pointed at has to be a plain line, which stands in source and compiled code alike, and once.
 */
export function sourceLine(failing: Failing): number | undefined {
  const compiled = lines(failing.compiled)
  const found =
    byExcerpt(failing.message, compiled) ??
    byPosition(failing.message, compiled) ??
    byName(failing.message, compiled)
  if (found === undefined || found === '') return undefined
  const raw = lines(failing.raw)
  const at = raw.indexOf(found)
  return at >= 0 && raw.lastIndexOf(found) === at && once(compiled, found) ? at + 1 : undefined
}

function lines(code: string): readonly string[] {
  return code.split(/\r\n?|\n/).map((line) => line.trim())
}

function once(all: readonly string[], line: string): boolean {
  return all.indexOf(line) === all.lastIndexOf(line) && all.includes(line)
}

/** PostgreSQL and DuckDB repeat the line, or its middle where it is long. */
function byExcerpt(message: string, compiled: readonly string[]): string | undefined {
  const excerpt = EXCERPT.exec(message)?.[1]?.trim()
  if (excerpt === undefined) return undefined
  const core = excerpt.replace(/^\.\.\.|\.\.\.$/g, '').trim()
  const fits = compiled.filter(
    (line) => line === excerpt || (core !== excerpt && core !== '' && line.includes(core)),
  )
  return fits.length === 1 ? fits[0] : undefined
}

/** Others give numbers. How far above the code the statement begins, the names in the message tell. */
function byPosition(message: string, compiled: readonly string[]): string | undefined {
  const number = POSITION.exec(message)
    ?.slice(1)
    .find((group) => group !== undefined)
  if (number === undefined) return undefined
  const near = compiled.slice(Math.max(0, Number(number) - ABOVE), Number(number))
  return only(names(message), near)
}

/** Where neither is told, a name that stands on one line only. */
function byName(message: string, compiled: readonly string[]): string | undefined {
  return only(names(message), compiled)
}

function only(named: readonly string[], code: readonly string[]): string | undefined {
  for (const name of named) {
    const word = new RegExp(`(?<![\\p{L}\\p{N}_])${name.replaceAll('$', '\\$')}(?![\\p{L}\\p{N}_])`, 'iu')
    const fits = code.filter((line) => word.test(line))
    if (fits.length === 1) return fits[0]
  }
  return undefined
}

const FEW = 8

/** What the message quotes, but for dbt's own first line and the names that a warehouse offers instead. */
function names(message: string): readonly string[] {
  const said = message
    .split('\n')
    .filter(
      (line) =>
        !/^\s*[A-Z][A-Za-z ]* Error in \S+ \S+ \(|candidate|did you mean|hint:|compiled code at/i.test(line),
    )
    .join('\n')
  const quoted = said.matchAll(
    /["'`]([\p{L}\p{N}_.$]{2,80})["'`]|\bUnrecognized name: ([\p{L}\p{N}_.$]{2,80})/giu,
  )
  return [...quoted].slice(0, FEW).map(([, one, other]) => last(one ?? other ?? ''))
}

/** Of a path the column: `t.nope` is written otherwise in the source. */
function last(path: string): string {
  return path.slice(path.lastIndexOf('.') + 1)
}
