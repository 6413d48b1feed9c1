import { clip, NAME, oneLine, plain } from './plain.ts'

const ZERO_WIDTH_SPACE = '&#8203;'

function entity(character: string): string {
  switch (character) {
    case '&':
      return '&amp;'
    case '<':
      return '&lt;'
    case '>':
      return '&gt;'
    default:
      return `&#${character.codePointAt(0)};`
  }
}

/**
 * Foreign text of one line without the meaning of its marks. Entities and not backslashes: they hold inside HTML blocks
 * too, and a table never splits at one. An underscore inside a word means nothing, and names of models are full of them.
 */
export function inline(text: string): string {
  return text
    .replace(/[&<>\\`*~[\]|$@#]/g, entity)
    .replace(/_+/g, (run, at: number, whole: string) =>
      inWord(whole[at - 1]) && inWord(whole[at + run.length]) ? run : '&#95;'.repeat(run.length),
    )
    .replace(/:(?=\/\/)/g, entity)
    .replace(/(www)\./gi, '$1&#46;')
}

function inWord(character: string | undefined): boolean {
  return character !== undefined && /[A-Za-z0-9]/.test(character)
}

/**
 * Foreign text as prose of one line: in a paragraph, a heading, a list item, a table cell or the label of a link.
 * It forms no markup, calls nobody (`@name`) and refers to nothing (`#1`).
 */
export function text(foreign: string): string {
  return (
    inline(oneLine(foreign))
      // GitHub looks for mentions and references in the finished page, where an entity is already a character again.
      .replace(/&#(?:64|35);(?=\w)/g, (mark) => mark + ZERO_WIDTH_SPACE)
      .replace(/^[-+=:]/, entity)
      .replace(/^(\d+)([.)])/, (_, digits: string, mark: string) => digits + entity(mark))
  )
}

/** The same, in which what stands between backticks is code type: there it can be pasted as it stands. */
export function prose(foreign: string): string {
  return text(foreign).replace(
    /&#96;(.+?)&#96;/g,
    (_, inner: string) => `<code>${inner.replaceAll(ZERO_WIDTH_SPACE, '')}</code>`,
  )
}

/** Text that neither Markdown nor HTML reads as anything but text: every mark becomes its number. */
export function numbered(foreign: string): string {
  return foreign.replaceAll(/[!-/:-@[-`{-~]/g, (mark) => `&#${mark.charCodeAt(0)};`)
}

/** Foreign text in code type, on one line. Safe wherever {@link text} is; empty text stays empty. */
export function code(foreign: string): string {
  const line = oneLine(foreign)
  return line === '' ? '' : `<code>${inline(line)}</code>`
}

/** Markdown of ours for a cell of a table, in which a long word may break behind each of its joints: a telephone is narrow. */
export function breakable(markdown: string): string {
  return markdown.replace(/(?<=\w{3})(?:_+|[./:-]|&#(?:45|46|47|58|95);)(?=\w)/g, '$&<wbr>')
}

/** A foreign name in code type, for a cell of a table. */
export function name(foreign: string, max = NAME): string {
  return breakable(code(clip(foreign, max)))
}

/** Foreign text of several lines as a block that nothing in it can end. Needs an empty line before and after. */
export function codeBlock(foreign: string, language = 'text'): string {
  const body = plain(foreign)
  const longest = Math.max(2, ...(body.match(/`+/g) ?? []).map((run) => run.length))
  const fence = '`'.repeat(longest + 1)
  return `${fence}${language}\n${body}\n${fence}`
}

/** A link; the label is Markdown already, the address must come from `links.ts`. */
export function link(label: string, url: string | undefined): string {
  return url === undefined ? label : `[${label}](${url})`
}

/** One row of a table; the cells are Markdown already. */
export function row(cells: readonly string[]): string {
  return `| ${cells.join(' | ')} |`
}

/** A folded block; the summary is Markdown already and free of line breaks. */
export function folded(summary: string, body: string, open = false): string {
  return `<details${open ? ' open' : ''}><summary>${summary}</summary>\n\n${body}\n\n</details>`
}
