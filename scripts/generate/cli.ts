import { COMMANDS } from '../../src/cli.ts'
import { EXIT_MEANINGS } from '../../src/cli/exit.ts'
import { wordsOf } from '../../src/cli/completion/words.ts'
import { programOf } from '../../src/cli/program.ts'

/** The table of the command line, from the commands themselves. */
export function commandTable(): string {
  const rows = wordsOf(programOf(COMMANDS)).map(({ name, description, options }) => {
    const flags = options.map(({ long }) => `\`${long}\``).filter((flag) => flag !== '`--help`')
    return `| \`${name}\` | ${cell(description)} | ${flags.join(' ')} |`
  })
  return ['| command | what it does | options |', '|---|---|---|', ...rows].join('\n')
}

/** The table of exit codes. */
export function exitTable(): string {
  const rows = EXIT_MEANINGS.map(([code, meaning]) => `| ${code} | ${cell(meaning)} |`)
  return ['| exit code | meaning |', '|---|---|', ...rows].join('\n')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
