/** The commands of a shell document as words, without comments; quoting as in POSIX.1-2024 2.2. Expansions are refused. */
export function commandsOf(text: string): string[][] {
  const commands: string[][] = []
  let words: string[] = []
  let word: string | undefined
  let at = 0
  const endWord = (): void => {
    if (word !== undefined) words.push(word)
    word = undefined
  }
  const endCommand = (): void => {
    endWord()
    if (words.length > 0) commands.push(words)
    words = []
  }
  while (at < text.length) {
    const character = text.charAt(at)
    at += 1
    if (character === "'") {
      const end = text.indexOf("'", at)
      if (end < 0) throw new Error('a quote is not closed')
      word = (word ?? '') + text.slice(at, end)
      at = end + 1
    } else if (character === '\\') {
      word = (word ?? '') + text.charAt(at)
      at += 1
    } else if (character === '\n') endCommand()
    else if (character === ' ') endWord()
    else if (character === '#' && word === undefined) {
      const end = text.indexOf('\n', at)
      at = end < 0 ? text.length : end
    } else if (/[$`"&|;<>()*?[\]{}~!]/.test(character))
      throw new Error(`the shell would not take ${character} as it is`)
    else word = (word ?? '') + character
  }
  endCommand()
  return commands
}

/** The options of a command: `--name value ...`. */
export function optionsOf(words: readonly string[]): Map<string, string[]> {
  const options = new Map<string, string[]>()
  let values: string[] | undefined
  for (const word of words) {
    if (word.startsWith('--')) options.set(word.slice(2), (values = []))
    else values?.push(word)
  }
  return options
}
