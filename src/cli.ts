import { coloured } from './cli/colour.ts'
import { auditCommand } from './cli/commands/audit.ts'
import { checkCommand } from './cli/commands/check.ts'
import { completionCommand } from './cli/commands/completion.ts'
import { doctorCommand } from './cli/commands/doctor.ts'
import { driftCommand } from './cli/commands/drift.ts'
import { lintCommand } from './cli/commands/lint.ts'
import { migrateCommand } from './cli/commands/migrate.ts'
import { rotateCommand } from './cli/commands/rotate.ts'
import { runCommand } from './cli/commands/run.ts'
import { trustCommand } from './cli/commands/trust.ts'
import { EXIT, exitOf } from './cli/exit.ts'
import { printBeside } from './cli/print.ts'
import { isPrinted, programOf, type MakeCommand } from './cli/program.ts'
import { minds } from './cli/streams.ts'
import { withoutTokens } from './cli/without-tokens.ts'
import { failureLines } from './report/failure.ts'

/** The command line: reads the same configuration as the step, and refuses in its words. See cli/exit.ts for how it ends. */
export async function cli(argv: readonly string[] = process.argv): Promise<void> {
  // Until the command has come to its end, nothing may look like an answer.
  process.exitCode = EXIT.fault
  minds(process.stdout)
  minds(process.stderr)
  try {
    await programOf(COMMANDS).parseAsync([...argv])
  } catch (error) {
    if (!isPrinted(error)) {
      process.exitCode = exitOf(error)
      const lines = failureLines(error, { colour: coloured(process.stderr), scrub: withoutTokens })
      printBeside(lines.join('\n'))
      return
    }
  }
  if (process.exitCode === EXIT.fault) process.exitCode = EXIT.fine
}

/** In the order of `--help`. */
export const COMMANDS: readonly MakeCommand[] = [
  migrateCommand,
  trustCommand,
  checkCommand,
  lintCommand,
  driftCommand,
  rotateCommand,
  doctorCommand,
  runCommand,
  auditCommand,
  completionCommand,
]
