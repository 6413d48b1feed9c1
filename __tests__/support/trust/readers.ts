/**
 * The words of a POSIX shell command in which nothing but single quotes and a backslash means anything (XCU 2.2, 2.3); throws
 * where a shell would do more than part words.
 */
export function shellWords(text: string): readonly string[] {
  const words: string[] = []
  let word: string | undefined
  for (const [whole, single, escaped, blank, other] of text.matchAll(/'([^']*)'|\\([^\n])|([ \t]+)|([^])/g)) {
    if (other !== undefined && /["'\\$`|&;<>()#~*?[\]{}!\n]/.test(other))
      throw new Error(`a shell would take ${JSON.stringify(whole)} for more than text`)
    if (blank === undefined) word = (word ?? '') + (single ?? escaped ?? other ?? '')
    else if (word !== undefined) {
      words.push(word)
      word = undefined
    }
  }
  return word === undefined ? words : [...words, word]
}

/** The words of a statement of SQL: what is quoted by kind and content, its quotes doubled, and everything else as it stands. */
export function sqlWords(text: string): readonly (readonly [kind: string, content: string])[] {
  const pieces = /'((?:[^']|'')*)'|"((?:[^"]|"")*)"|`((?:[^`]|``)*)`|([^'"`\s,]+)|['"`]/g
  return [...text.matchAll(pieces)].map(
    ([whole, literal, double, back, other]): readonly [string, string] => {
      if (literal !== undefined) return ['literal', literal.replaceAll("''", "'")]
      if (double !== undefined) return ['identifier', double.replaceAll('""', '"')]
      if (back !== undefined) return ['identifier', back.replaceAll('``', '`')]
      if (other === undefined) throw new Error(`${whole} is never closed`)
      return ['other', other]
    },
  )
}

const HCL_ESCAPES: Readonly<Record<string, string>> = { n: '\n', r: '\r', t: '\t', '"': '"', '\\': '\\' }

/** The value of a quoted literal of Terraform's language, as HashiCorp's scanner reads it; throws where it holds a template. */
export function hclValue(literal: string): string {
  const inner = /^"([^]*)"$/.exec(literal)?.[1]
  if (inner === undefined) throw new Error('not quoted')
  const pieces = /([$%])\1\{|([$%]\{)|\\(?:([nrt"\\])|u([0-9a-f]{4})|U([0-9a-f]{8}))|([\\"\n\r])|([^])/gu
  return [...inner.matchAll(pieces)]
    .map(([whole, doubled, template, named, short, long, broken, other]) => {
      if (template !== undefined || broken !== undefined)
        throw new Error(`${JSON.stringify(whole)} is no text there`)
      if (doubled !== undefined) return `${doubled}{`
      if (named !== undefined) return HCL_ESCAPES[named]
      return other ?? String.fromCodePoint(Number.parseInt(short ?? long ?? '', 16))
    })
    .join('')
}
