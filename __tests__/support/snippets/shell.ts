import { isPrinted, programOf } from '../../../src/cli/program.ts'
import { COMMANDS } from '../../../src/cli.ts'

/** How a page calls this program. */
const CALLED = /^(?:npx (?:--yes )?github:OWNER\/dbt-oidc#<sha>|dbt-oidc|node (?:\S+\/)?dist\/cli\.js)$/

/** The calls of this program in a text of a shell, each as the words behind its name. */
export function callsIn(text: string): readonly (readonly string[])[] {
  const calls = commandsIn(text).map((words) => {
    const bare = words.filter((word, at) => at > 0 || !/^[A-Z_]+=/.test(word))
    while (/^[A-Z_]+=/.test(bare[0] ?? '')) bare.shift()
    const length = [1, 2, 3].find((many) => CALLED.test(bare.slice(0, many).join(' ')))
    return length === undefined ? undefined : bare.slice(length)
  })
  return calls.filter((one) => one !== undefined)
}

/** The scripts of package.json that a text calls. */
export function scriptsIn(text: string): readonly string[] {
  return commandsIn(text).flatMap(([first, second, third]) =>
    first === 'npm' && second === 'run' && third !== undefined ? [third] : [],
  )
}

/** What this program says to such words, without doing anything: undefined where it takes them. */
export async function refusalOf(words: readonly string[]): Promise<string | undefined> {
  const program = programOf(COMMANDS).configureOutput({ writeOut: () => undefined })
  for (const command of program.commands) command.action(() => undefined)
  try {
    await program.parseAsync([...words], { from: 'user' })
    return undefined
  } catch (error) {
    return isPrinted(error) ? undefined : String(error)
  }
}

/** Commands as words, parted by pipes, lists and lines; quotes hold together and are taken away. */
function commandsIn(text: string): readonly (readonly string[])[] {
  const commands: string[][] = [[]]
  let word: string | undefined
  const endWord = (): void => {
    if (word !== undefined) commands.at(-1)?.push(word)
    word = undefined
  }
  const pieces = text
    .replaceAll('\\\n', ' ')
    .matchAll(/'([^']*)'|"((?:[^"\\]|\\.)*)"|(<sha>)|(#)|\$\(|([|;&()\n]+)|([<>])|([ \t]+)|(.)/gs)
  let comment = false
  for (const [whole, single, double, sha, hash, end, arrow, space, other] of pieces) {
    if (end !== undefined && whole.includes('\n')) comment = false
    if (comment) continue
    if (hash !== undefined && word === undefined) comment = true
    else if (end !== undefined || whole === '$(') {
      endWord()
      commands.push([])
    } else if (arrow !== undefined) {
      endWord()
      // What follows names a file, and is no word of the command.
      commands.push([])
    } else if (space !== undefined) endWord()
    else word = (word ?? '') + (single ?? double ?? sha ?? hash ?? other ?? '')
  }
  endWord()
  return commands.filter((words) => words.length > 0)
}
