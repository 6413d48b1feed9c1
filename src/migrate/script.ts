/** One command of dbt in a script, without what this action decides itself. */
export interface DbtCommand {
  /** Without the word `dbt`. */
  readonly words: string
  readonly target: string | undefined
  readonly projectDir: string | undefined
  readonly profile: string | undefined
}

/** What a script has to do with dbt. */
export interface Script {
  readonly commands: readonly DbtCommand[]
  /** The commands are all there is, so that the action can run them itself. */
  readonly only: boolean
}

/** Whatever starts dbt in an environment of its own. */
const STARTER = /^(?:(?:uv|poetry|pipenv|pdm|hatch|rye) run|python3? -m) +/

/** What only a shell could do. */
const SHELL = /[`|<>;&]|\$(?!\{\{)|^\s*(?:if|for|while|case|function|export|set)\b/

const RESERVED: Readonly<Record<string, keyof Omit<DbtCommand, 'words'> | undefined>> = {
  '--target': 'target',
  '-t': 'target',
  '--project-dir': 'projectDir',
  '--profile': 'profile',
  '--profiles-dir': undefined,
  '--target-path': undefined,
  '--log-path': undefined,
}

/** The commands of dbt in a script; undefined where it has none. */
export function commandsIn(script: string): Script | undefined {
  const lines = script
    .replaceAll(/\\\r?\n\s*/g, ' ')
    .split(/\r?\n/)
    .map((line) => line.trim())
    .filter((line) => line !== '' && !line.startsWith('#'))
    // One after the other, and an end at the first failure, is what the action does as well.
    .flatMap((line) => line.split(/\s*&&\s*/))
  const commands = lines.flatMap((line) => commandOf(line) ?? [])
  if (commands.length === 0) return undefined
  const only = lines.every((line) => line.startsWith('dbt ') && !SHELL.test(line))
  return { commands, only }
}

/** Whether a command needs no warehouse, so that its target says nothing. */
export function isNeutral({ words }: DbtCommand): boolean {
  return /^(?:deps|clean|--version)\b/.test(words)
}

function commandOf(line: string): DbtCommand | undefined {
  const bare = line.replace(STARTER, '')
  const [, rest] = /^dbt(?:\.cli\.main)? +(.*)$/.exec(bare) ?? []
  return rest === undefined ? undefined : withoutReserved(rest)
}

/** Options are taken out with their value; what stands in quotes or in an expression of GitHub's is one word. */
function withoutReserved(text: string): DbtCommand {
  const words = text.match(/(?:\$\{\{.*?\}\}|"(?:\\.|[^"\\])*"|'[^']*'|[^\s"'])+/g) ?? []
  const kept: string[] = []
  const found: Partial<Record<keyof Omit<DbtCommand, 'words'>, string>> = {}
  for (let at = 0; at < words.length; at++) {
    const word = words[at] ?? ''
    const [name = '', ...value] = word.split('=')
    if (!Object.hasOwn(RESERVED, name)) {
      kept.push(word)
      continue
    }
    const given = value.length > 0 ? value.join('=') : (words[++at] ?? '')
    const key = RESERVED[name]
    if (key) found[key] = given.replaceAll(/^["']|["']$/g, '')
  }
  return { words: kept.join(' '), target: found.target, projectDir: found.projectDir, profile: found.profile }
}
