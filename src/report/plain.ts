const ESC = '\u001b'
const BELL = '\u0007'

// Built from text, since control characters in a literal are easily lost on the way through an editor.
const OPERATING_SYSTEM_COMMAND = `${ESC}\\][^${BELL}${ESC}\\n]*(?:${BELL}|${ESC}\\\\)?`
const CONTROL_SEQUENCE = `(?:${ESC}\\[|\u009b)[0-?]*[ -/]*[@-~]?`
const OTHER_SEQUENCE = `${ESC}[ -/]*[0-~]?`
const SEQUENCES = new RegExp(`${OPERATING_SYSTEM_COMMAND}|${CONTROL_SEQUENCE}|${OTHER_SEQUENCE}`, 'g')

/** How much of a name is shown, in UTF-16 units. */
export const NAME = 200

/** The text without terminal sequences, control characters and marks that reverse the reading order; lines end in `\n`. */
export function plain(text: string): string {
  return text
    .toWellFormed()
    .replace(SEQUENCES, '')
    .replace(/\r\n?|[\u0085\u2028\u2029]/g, '\n')
    .replace(/[[\p{Cc}--[\n\t]]\p{Bidi_Control}]/gv, '')
}

/** The text on one line, with single spaces. */
export function oneLine(text: string): string {
  return plain(text).replace(/\s+/g, ' ').trim()
}

/** At most `max` UTF-16 units, with an ellipsis where something was cut, and never half a character. */
export function clip(text: string, max: number): string {
  if (text.length <= max) return text
  const end = max - 1
  const last = text.charCodeAt(end - 1)
  const splitsPair = last >= 0xd800 && last <= 0xdbff
  return `${text.slice(0, splitsPair ? end - 1 : end)}…`
}

/** `1 node`, `2 nodes`, `50,000 nodes`. */
export function count(n: number, noun: string): string {
  return `${n.toLocaleString('en-US')} ${noun}${n === 1 ? '' : 's'}`
}
