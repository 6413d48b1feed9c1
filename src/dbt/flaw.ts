/** What is wrong at a place, and how many characters the complaint covers. */
export interface Complaint {
  readonly problem: string
  readonly length: number
}

const QUOTING = 'Put it in single quotes to pass it as it is.'

/** What a character means that is no piece of a command; only a shell could act on most of them. */
export function flawAt(text: string, at: number): Complaint {
  const rest = text.slice(at, at + 200).split(/\r?\n/)[0] ?? ''
  const operator = /^(?:&&|\|\||>>|<<|[;&|<>])/.exec(rest)?.[0]
  if (operator !== undefined) return shellOperator(operator)
  switch (rest.charAt(0)) {
    case "'":
      return { problem: 'the single quote is not closed on this line.', length: restOfLine(text, at) }
    case '"':
      return doubleQuote(text, at)
    case '`':
    case '$':
      return { problem: expansion(rest), length: expansionLength(rest) }
    case '\\':
      return { problem: backslash(rest), length: Math.max(1, rest.trimEnd() === '\\' ? rest.length : 1) }
    default:
      return invisible(text.codePointAt(at) ?? 0)
  }
}

function shellOperator(operator: string): Complaint {
  const problem = `"${operator}" is an operator of a shell, and no shell is used: write one dbt command a line. ${QUOTING}`
  return { problem, length: operator.length }
}

function backslash(rest: string): string {
  if (rest === '\\') return 'nothing follows the backslash.'
  if (rest.trimEnd() === '\\')
    return 'spaces follow the backslash that should continue the line; remove them.'
  return `the backslash before "${rest.charAt(1)}" has no meaning: write two for one, or put the word in single quotes.`
}

function invisible(code: number): Complaint {
  const name = code.toString(16).toUpperCase().padStart(4, '0')
  return { problem: `there is an invisible character (U+${name}); remove it.`, length: code > 0xffff ? 2 : 1 }
}

function doubleQuote(text: string, at: number): Complaint {
  const rest = /"(?:[^"\\\n$`]|\\\r?\n|\\[^\n]|\$(?![\w{(]))*/y
  rest.lastIndex = at
  const inside = rest.exec(text)?.[0] ?? '"'
  const next = text.slice(at + inside.length, at + inside.length + 200)
  const length = restOfLine(text, at)
  return /^[$`]/.test(next)
    ? { problem: expansion(next), length }
    : { problem: 'the double quote is not closed on this line.', length }
}

function expansion(rest: string): string {
  const what = /^`|^\$\(|^\$\{?\w*\}?|^\$/.exec(rest)?.[0] ?? '$'
  const value = what.replace(/[^\w]/g, '')
  const instead = value === '' ? '' : ` Write \${{ env.${value} }} to have the workflow put a value here.`
  return `"${what}" would be expanded by a shell, and no shell is used.${instead} ${QUOTING}`
}

function expansionLength(rest: string): number {
  return /^`[^`]*`?|^\$\([^)]*\)?|^\$\{[^}]*\}?|^\$\w+|^\$/.exec(rest)?.[0].length ?? 1
}

function restOfLine(text: string, at: number): number {
  const end = text.indexOf('\n', at)
  return (end < 0 ? text.length : end) - at
}
