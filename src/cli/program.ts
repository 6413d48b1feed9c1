import { Command, Help, type CommanderError, type Option } from 'commander'
import { fail } from '../errors.ts'
import { coloured } from './colour.ts'
import { EXIT_MEANINGS } from './exit.ts'
import { version } from './version.ts'

/** A command's file exports how to make it; it brings its examples by `addHelpText('after', …)`. */
export type MakeCommand = () => Command

/** The whole command line, made of its commands. Parsing throws `usage` for what it does not understand. */
export function programOf(commands: readonly MakeCommand[]): Command {
  const program = new Command('dbt-oidc')
    .description(
      'Writes, judges and explains what the other side of a dbt run without stored secrets has to trust.',
    )
    .usage('<command> [options]')
    .version(version(), '-V, --version', 'prints the version')
    .helpOption('-h, --help', 'prints what there is')
    .helpCommand('help [command]', 'prints what there is for a command')
    .configureHelp({
      styleTitle: bold,
      styleCommandText: bold,
      styleSubcommandTerm: bold,
      optionDescription: described,
    })
    .configureOutput({
      getOutHasColors: () => coloured(process.stdout),
      getErrHasColors: () => coloured(process.stderr),
      // Said by whoever catches what is thrown, in this project's words.
      outputError: () => undefined,
    })
    .addHelpText('after', EXAMPLES)
    .addHelpText('afterAll', FOOTER)
  for (const make of commands) {
    const command = make()
    program.addCommand(command.copyInheritedSettings(program).exitOverride(refusing(command)))
  }
  return program.exitOverride(refusing(program))
}

/** An option that may come again begins with none, which is nothing to tell. */
function described(option: Option): string {
  const none = Array.isArray(option.defaultValue) && option.defaultValue.length === 0
  return none ? option.description : new Help().optionDescription(option)
}

/** Whether commander only ends because it has printed what was asked for. */
export function isPrinted(error: unknown): boolean {
  return error instanceof Error && 'code' in error && PRINTED.has(error.code)
}

const PRINTED: ReadonlySet<unknown> = new Set([
  'commander.helpDisplayed',
  'commander.version',
  'commander.help',
])

function refusing(command: Command): (error: CommanderError) => never {
  return (error) => {
    const asked = `\`${pathOf(command)} --help\` prints what there is.`
    if (error.code === 'commander.help') {
      // Without a word nobody has asked for help; `help` and `help trust` end here as well.
      if (command.parent || command.args.length > 0) throw error
      return fail({ code: 'usage', problem: 'Which command?', remedy: asked })
    }
    if (PRINTED.has(error.code)) throw error
    return fail({ code: 'usage', problem: sentence(error.message), remedy: asked })
  }
}

function pathOf(command: Command): string {
  return command.parent ? `${pathOf(command.parent)} ${command.name()}` : command.name()
}

/** `error: unknown option '--x'\n(Did you mean --y?)` as one sentence. */
function sentence(message: string): string {
  const [first = '', ...more] = message.replace(/^error: /, '').split('\n')
  const said = `${first.charAt(0).toUpperCase()}${first.slice(1).replace(/\.$/, '')}`
  const near = /^\(Did you mean (.*)\?\)$/.exec(more.join(' '))?.[1]
  return near === undefined ? `${said}.` : `${said}; did you mean ${near}?`
}

function bold(text: string): string {
  return `\u001b[1m${text}\u001b[22m`
}

const EXAMPLES = `
Examples:
  npx github:OWNER/dbt-oidc#<sha> trust --target prod
  dbt-oidc trust --help
`

const FOOTER = `Exit codes:
${EXIT_MEANINGS.map(([code, meaning]) => `  ${code}  ${meaning}`).join('\n')}

Environment: NO_COLOR and FORCE_COLOR decide about colour, otherwise only a terminal gets it.
Documentation: README.md, "The command line", of the repository that this is run from.`
