import { clip } from '../report/plain.ts'

/** In UTF-16 units: no refusal of anybody's is longer, and what explains it looks through all of it. */
const LONGEST = 4000

/**
 * Words of the other side without what it was sent: a server that repeats a secret must not make a sentence of ours out of
 * it. Before they are cut, since nobody finds a part of a secret any more.
 */
export function without(text: string, secrets: readonly string[]): string {
  const rest = secrets.reduce((left, secret) => left.replaceAll(secret, '***'), text)
  // Parts of a token, too, and tokens that are not ours.
  return clip(rest.replaceAll(/[\w.-]+/g, withoutTokens), LONGEST)
}

/** Shorter parts than these are words and versions. */
const LONG = 10

/**
 * A run of characters of tokens without the tokens in it. Part by part, since an expression that looks for all three of
 * them at once begins anew at each character: a server could hold up the whole process with one long word.
 */
function withoutTokens(run: string): string {
  const parts = run.split('.')
  const kept: string[] = []
  for (let at = 0; at < parts.length; at++) {
    const part = parts[at] ?? ''
    const begin = part.indexOf('eyJ')
    const isToken =
      begin >= 0 &&
      part.length - begin >= LONG &&
      (parts[at + 1] ?? '').length >= LONG &&
      at + 2 < parts.length
    kept.push(isToken ? `${part.slice(0, begin)}***` : part)
    if (isToken) at += 2
  }
  return kept.join('.')
}
