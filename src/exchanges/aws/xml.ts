/** One element of a document: it holds text or elements, never both. */
export interface Element {
  readonly name: string
  readonly text: string
  readonly children: readonly Element[]
}

const NAME = String.raw`[A-Za-z_][\w.-]*`
const ATTRIBUTES = String.raw`(?:\s+[A-Za-z_][\w.:-]*\s*=\s*(?:"[^"<]*"|'[^'<]*'))*`
const DECLARATION = /^\s*(?:<\?xml\s[^?<>]*\?>)?\s*/

// Every document is a run of these and of nothing else: no DTD, no comment, no CDATA, no instruction, no prefix.
const PIECE = new RegExp(`<(${NAME})${ATTRIBUTES}\\s*(/?)>|</(${NAME})\\s*>|([^<]+)`, 'y')

/** What is no character of XML. */
const STRANGE = /[^\t\n\r\x20-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/u

/** AWS's answers are five deep. */
const DEEPEST = 16

/**
 * Reads the XML of AWS's token service: elements, text and entities. Undefined for any other document, also where another
 * parser might still make something of it, since two parsers could then make two things of one answer.
 */
export function parseXml(document: string): Element | undefined {
  if (STRANGE.test(document)) return undefined
  const text = document.replaceAll(/\r\n?/g, '\n').trimEnd()
  const top: Open = { name: '', text: '', children: [] }
  const open = [top]
  let at = DECLARATION.exec(text)?.[0].length ?? 0
  while (at < text.length) {
    PIECE.lastIndex = at
    const found = PIECE.exec(text)
    if (!found || !take(found, open)) return undefined
    at = PIECE.lastIndex
  }
  const [root, ...more] = top.children
  return open.length === 1 && top.text === '' && more.length === 0 ? root : undefined
}

/** The text of the element to which these names lead from another, each of them the only one of its name. */
export function textAt(element: Element | undefined, ...names: readonly string[]): string | undefined {
  const found = names.reduce(only, element)
  return found?.children.length === 0 ? found.text : undefined
}

/** The one child of this name; undefined where there are more. */
export function only(element: Element | undefined, name: string): Element | undefined {
  const [found, ...more] = element?.children.filter((child) => child.name === name) ?? []
  return more.length === 0 ? found : undefined
}

interface Open extends Element {
  text: string
  readonly children: Open[]
}

/** Takes one piece; false where it does not belong there. */
function take([, begun, empty, ended, raw]: RegExpExecArray, open: Open[]): boolean {
  const inner = open.at(-1)
  if (!inner) return false
  if (begun !== undefined) {
    const child: Open = { name: begun, text: '', children: [] }
    inner.children.push(child)
    if (empty === '') open.push(child)
    return open.length <= DEEPEST
  }
  if (ended !== undefined) {
    if (inner.name !== ended) return false
    open.pop()
    // What stands between elements is there for the eye.
    if (inner.children.length > 0 && inner.text.trim() !== '') return false
    if (inner.children.length > 0) inner.text = ''
    return true
  }
  const text = decoded(raw ?? '')
  if (text === undefined) return false
  inner.text += text
  return true
}

const ENTITIES: Readonly<Record<string, string>> = { amp: '&', lt: '<', gt: '>', quot: '"', apos: "'" }

/** A text without its entities; undefined where one is none of XML's own, or no character. */
function decoded(raw: string): string | undefined {
  let whole = true
  const text = raw.replaceAll(
    /&(?:#(\d{1,7})|#x([0-9A-Fa-f]{1,6})|([a-z]+));|&/g,
    (_all, ...parts: unknown[]) => {
      const [decimal, hex, name] = parts.map((part) => (typeof part === 'string' ? part : undefined))
      const value =
        name === undefined
          ? characterOf(decimal, hex)
          : Object.hasOwn(ENTITIES, name)
            ? ENTITIES[name]
            : undefined
      if (value === undefined) whole = false
      return value ?? ''
    },
  )
  return whole ? text : undefined
}

function characterOf(decimal: string | undefined, hex: string | undefined): string | undefined {
  const code = decimal === undefined ? Number.parseInt(hex ?? '', 16) : Number(decimal)
  const character = code <= 0x10ffff ? String.fromCodePoint(code) : undefined
  return character !== undefined && STRANGE.test(character) ? undefined : character
}
