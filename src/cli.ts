import { Command } from 'commander'
import { trustCommand } from './cli/commands/trust.ts'
import { failureLines } from './report/failure.ts'

/** The command line: reads the same configuration as the step. Exit code 1 for every refusal, with the step's own words. */
export async function cli(argv: readonly string[] = process.argv): Promise<void> {
  try {
    process.exitCode = 0
    await program().parseAsync([...argv])
  } catch (error) {
    process.exitCode = 1
    const colour = process.stderr.isTTY && !process.env['NO_COLOR']
    // Nothing here ever holds a token.
    const lines = failureLines(error, { colour, scrub: (text) => text })
    process.stderr.write(`${lines.join('\n')}\n`)
  }
}

function program(): Command {
  const command = new Command('dbt-oidc')
    .description('What the other side of a dbt run without stored secrets has to trust.')
    .showHelpAfterError('(add --help for what there is)')
  for (const one of COMMANDS) command.addCommand(one())
  return command
}

/** In the order of `--help`. */
const COMMANDS: readonly (() => Command)[] = [trustCommand]
