/** What could be taken for something else in a log: characters that cannot be seen, and the mark of our own escape. */
const DOUBTFUL = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}\\]/u

/** A character by its number, as `\u{202e}`: nobody takes that for what it stands for. */
export function byNumber(character: string): string {
  return `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`
}

/** What a terminal obeys or hides: control characters but for line ends and tabs, and marks that reverse the order of reading. */
const OBEYED = /[[\p{Cc}--[\n\t]]\p{Bidi_Control}\p{Zl}\p{Zp}]/gv

/** Text of several lines that no terminal obeys; what can be seen of it stays as it is. */
export function disarmed(text: string): string {
  return text.replaceAll(OBEYED, byNumber)
}

/** A text by code points, each as a log may show it: what cannot be seen, or could become a command, as `\u{202e}`. */
export function visiblePoints(text: string): readonly string[] {
  return Array.from(text).map((point, at, all) => {
    // The runner obeys `##[command]` anywhere in a line.
    const command = point === '#' && all[at + 1] === '#' && all[at + 2] === '['
    return command || DOUBTFUL.test(point) ? byNumber(point) : point
  })
}

/** A text as a log may show it. */
export function visible(text: string): string {
  return visiblePoints(text).join('')
}

/** A text for the middle of a sentence: visible, quoted and not endless. */
export function quoted(text: string): string {
  const points = visiblePoints(text)
  return `"${points.length > 300 ? `${points.slice(0, 300).join('')}…` : points.join('')}"`
}
