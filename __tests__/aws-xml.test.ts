import { describe, expect, test } from '@jest/globals'
import fc from 'fast-check'
import { only, parseXml, textAt, type Element } from '../src/exchanges/aws/xml.ts'
import { runs } from './support/runs.ts'

const SESSION = `<?xml version="1.0" encoding="UTF-8"?>
<AssumeRoleResponse xmlns="https://sts.amazonaws.com/doc/2011-06-15/">
  <AssumeRoleResult>
    <Credentials>
      <SessionToken>a/b+c==</SessionToken><Expiration>2026-11-30T13:00:00Z</Expiration>
    </Credentials>
    <PackedPolicySize>6</PackedPolicySize>
    <Note lang='en' />
  </AssumeRoleResult>
</AssumeRoleResponse>
`

describe('an answer of AWS', () => {
  test('is read by the way to its texts', () => {
    const result = only(parseXml(SESSION), 'AssumeRoleResult')
    expect(textAt(result, 'Credentials', 'SessionToken')).toBe('a/b+c==')
    expect(textAt(result, 'PackedPolicySize')).toBe('6')
    expect(textAt(result, 'Note')).toBe('')
    expect([
      textAt(result, 'Credentials'),
      textAt(result, 'Credentials', 'Other'),
      textAt(undefined, 'X'),
    ]).toEqual([undefined, undefined, undefined])
  })

  test('that says a thing twice says it not at all', () => {
    const twice = parseXml('<A><B><C>1</C></B><B><C>2</C></B><D>1</D><D>1</D><E>5</E></A>')
    expect([textAt(twice, 'B', 'C'), textAt(twice, 'D'), textAt(twice, 'E')]).toEqual([
      undefined,
      undefined,
      '5',
    ])
  })

  test('names no thing of the language by which it is read', () => {
    const root = parseXml('<A><__proto__>x</__proto__><constructor>y</constructor></A>')
    expect([textAt(root, '__proto__'), textAt(root, 'constructor'), textAt(root, 'toString')]).toEqual([
      'x',
      'y',
      undefined,
    ])
  })

  test.each([
    ['&amp;&lt;&gt;&quot;&apos;', '&<>"\''],
    ['Couldn&#39;t &#x1F600;', "Couldn't \u{1F600}"],
    ['&amp;lt;', '&lt;'],
    [' a\r\nb\rc ', ' a\nb\nc '],
    ['a > b ]]', 'a > b ]]'],
    ['&#9;&#10;&#13;&#x20;', '\t\n\r '],
    ['&#xD7FF;&#xE000;&#xFFFD;&#x10000;&#x10FFFF;', '\uD7FF\uE000\uFFFD\u{10000}\u{10FFFF}'],
  ])('holds the text %j', (written, text) => {
    expect(textAt(parseXml(`<A><B>${written}</B></A>`), 'B')).toBe(text)
  })

  test.each([
    ['nothing', ''],
    ['a text', 'blocked by the proxy'],
    ['JSON', '{"a":1}'],
    ['a page', '<!DOCTYPE html><html><body>x</body></html>'],
    ['a page without an end', '<html><body><br>x</body></html>'],
    ['a DTD', '<!DOCTYPE A [<!ENTITY e SYSTEM "file:///etc/passwd">]><A>&e;</A>'],
    ['a comment', '<A><!-- x --><B>1</B></A>'],
    ['CDATA', '<A><![CDATA[<B>1</B>]]></A>'],
    ['an instruction', '<A><?php x?></A>'],
    ['a prefix', '<s:A><s:B>1</s:B></s:A>'],
    ['an entity of somebody’s own', '<A>&e;</A>'],
    ['an entity of HTML', '<A>&nbsp;</A>'],
    ['an entity of the language', '<A>&constructor;</A>'],
    ['half an entity', '<A>a & b</A>'],
    ['the character 0', '<A>&#0;</A>'],
    ['half a pair', '<A>&#xD800;</A>'],
    ['the other half', '<A>&#xDFFF;</A>'],
    ['no character of XML', '<A>&#xFFFE;</A>'],
    ['a control character by its number', '<A>&#31;</A>'],
    ['no character at all', '<A>&#x110000;</A>'],
    ['a control character', '<A>\u0001</A>'],
    ['text beside elements', '<A>x<B>1</B></A>'],
    ['text behind elements', '<A><B>1</B>x</A>'],
    ['two documents', '<A>1</A><A>2</A>'],
    ['text behind it', '<A>1</A> x'],
    ['text before it', 'x <A>1</A>'],
    ['another end', '<A><B>1</A></B>'],
    ['no end', '<A><B>1</B>'],
    ['an end too many', '<A>1</A></A>'],
    ['an attribute without quotes', '<A x=1>1</A>'],
    ['a tag inside an attribute', '<A x="<B>">1</A>'],
    ['more depth than AWS has', `${'<A>'.repeat(16)}1${'</A>'.repeat(16)}`],
  ])('is not %s', (_name, text) => {
    expect(parseXml(text)).toBeUndefined()
  })

  test('may be fifteen elements deep, and begin with an empty line', () => {
    const [begun, ended] = ['<A>'.repeat(15), '</A>'.repeat(15)]
    expect(textAt(parseXml(`\n${begun}1${ended}`), ...Array.from({ length: 14 }, () => 'A'))).toBe('1')
  })

  test('of any length is refused in the time that its length takes', () => {
    const many = 100_000
    for (const text of [' x', '<A', ' a=""', ' a=', '&#', '</A>', '&amp', '<A '])
      expect(parseXml(`<A>${text.repeat(many)}`)).toBeUndefined()
    expect(parseXml(`<A${' '.repeat(many)}`)).toBeUndefined()
  })
})

const name = fc.stringMatching(/^[A-Za-z_][\w.-]{0,8}$/)
const text = fc
  .string({ unit: 'binary', maxLength: 30 })
  .map((raw) => raw.replaceAll(/[^\t\n\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu, '').toWellFormed())
const space = fc.constantFrom('', ' ', '\n  ', '\t')
const { tree } = fc.letrec<{ readonly tree: Element; readonly leaf: Element }>((tie) => ({
  tree: fc.oneof(
    { depthSize: 'small', maxDepth: 6 },
    tie('leaf'),
    fc.record({
      name,
      text: fc.constant(''),
      children: fc.array(tie('tree'), { minLength: 1, maxLength: 4 }),
    }),
  ),
  leaf: fc.record({ name, text, children: fc.constant([]) }),
}))

/** One of the ways to write a character. */
function escaped(character: string, way: number): string {
  const code = character.codePointAt(0) ?? 0
  const named = { '&': '&amp;', '<': '&lt;', '>': '&gt;', '"': '&quot;', "'": '&apos;' }[character]
  if (way === 0 || named !== undefined)
    return [named ?? `&#${code};`, `&#${code};`, `&#x${code.toString(16)};`][way % 3] ?? ''
  return character
}

function written({ name, text, children }: Element, gap: string, way: number): string {
  const inner =
    children.length > 0
      ? `${gap}${children.map((child) => written(child, gap, way)).join(gap)}${gap}`
      : Array.from(text, (one, index) => escaped(one, (way + index) % 3)).join('')
  return inner === '' && way === 1
    ? `<${name}${gap}/>`
    : `<${name} xmlns="urn:${way}"${gap}>${inner}</${name}${gap}>`
}

test('whatever elements and texts there are, they come back as they were written', () => {
  fc.assert(
    fc.property(tree, space, fc.nat(2), (element, gap, way) => {
      expect(parseXml(written(element, gap, way))).toEqual(element)
    }),
    { numRuns: runs(1000) },
  )
})

test('a document with one sign too few is another one or none, and never one that reads past its end', () => {
  const words = fc.tuple(tree, fc.nat(), fc.nat(2))
  fc.assert(
    fc.property(words, ([element, at, way]) => {
      const whole = written(element, '', way)
      const cut = whole.slice(0, at % whole.length)
      expect(parseXml(cut)).toBeUndefined()
    }),
    { numRuns: runs(1000) },
  )
})

test('no text at all makes it throw', () => {
  const piece = fc.constantFrom(
    '<A>',
    '</A>',
    '<B/>',
    '<',
    '>',
    '&',
    '&amp;',
    '&#x;',
    ';',
    ' ',
    'x',
    '"',
    '<?xml ?>',
    '<!',
    ']]>',
    '=',
  )
  fc.assert(
    fc.property(fc.array(piece, { maxLength: 20 }), (pieces) => {
      expect(['undefined', 'object']).toContain(typeof parseXml(pieces.join('')))
    }),
    { numRuns: runs(1000) },
  )
})
