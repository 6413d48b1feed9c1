import { fail } from '../../errors.ts'

/** A pattern of the policy as a regular expression of Java that fits the same texts, taken as a whole. */
export function toRegex(pattern: string): string {
  return pattern
    .split(/(\*+)/)
    .map((part) => (part === '**' ? '[^:]*' : part === '*' ? '[^/:]*' : literal(part)))
    .join('')
}

/** A name of a connection, in which `{claim}` stands for what the token says. */
export function nameToRegex(name: string): string {
  return name
    .split(/(\{[A-Za-z][A-Za-z0-9_-]*\})/)
    .map((part) => (part.startsWith('{') ? '[a-z0-9_]+' : literal(part)))
    .join('')
}

/** A class takes each of these as it is, and needs no backslash, which JSON would have to escape again. */
function literal(text: string): string {
  if (!/[[\]^\\&]/.test(text)) return text.replaceAll(/[.+*?(){}|$]/g, '[$&]')
  return fail({
    code: 'configuration',
    problem: `\`${text}\` cannot be written as a regular expression for Trino without an escape.`,
    remedy: 'Use a name without `[`, `]`, `^`, `&` and `\\`.',
  })
}
