import { COMMANDS } from '../../src/cli.ts'
import { EXIT_MEANINGS } from '../../src/cli/exit.ts'
import { wordsOf } from '../../src/cli/completion/words.ts'
import { FINDING_CODES } from '../../src/finding-codes.ts'
import { readersOf } from '../../src/trust/recognise.ts'
import type { WholeRegistries } from '../../src/config/target.ts'
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

/** The table of what `lint` and `drift` find. */
export function findingTable(): string {
  const rows = Object.entries(FINDING_CODES).map(([code, meaning]) => `| \`${code}\` | ${cell(meaning)} |`)
  return ['| code | meaning |', '|---|---|', ...rows].join('\n')
}

/** The table of what `lint` and `drift` read of each platform. */
export async function readerTable(registries: WholeRegistries): Promise<string> {
  const readers = await readersOf(registries)
  const rows = readers.map(
    ({ platform, understands }) =>
      `| ${cell(platform)} | ${understands.map((one) => cell(/^[a-z]+ [a-z]/.test(one) && !one.includes("'") ? `\`${one}\`` : one)).join('<br>')} |`,
  )
  return ['| platform | output of |', '|---|---|', ...rows].join('\n')
}

function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
