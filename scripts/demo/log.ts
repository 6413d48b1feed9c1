import { stripVTControlCharacters } from 'node:util'

/** The marks between which the runner obeys nobody, with the token hidden. GitHub shows them; the story has no use for them. */
const FENCE = /^::(?:stop-commands::)?\*{3}(?:::)?$/

/**
 * Tells line by line what of a step's log the story shows. An annotation repeats the log, since people read the one or
 * the other: of it only what is new is shown.
 */
export function reading(): (line: string) => boolean {
  const shown = new Set<string>()
  let repeating = false
  return (line) => {
    if (line.startsWith('##[endgroup]') || FENCE.test(line)) return false
    if (line.startsWith('##[error]')) {
      repeating = true
      return ![...shown].some((one) => one.endsWith(bare(line)))
    }
    const text = bare(line)
    if (repeating && shown.has(text)) return false
    shown.add(text)
    return true
  }
}

/** The words alone: the two places indent and mark them differently. */
function bare(line: string): string {
  return stripVTControlCharacters(line)
    .replace(/^##\[error\]/, '')
    .trim()
    .replace(/^→ /, '')
}
