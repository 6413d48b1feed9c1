import type { Argument, Command, Option } from 'commander'

/** What may stand behind an option, or as an argument. */
export type Takes =
  | { readonly kind: 'nothing' | 'file' | 'directory' | 'text' }
  | { readonly kind: 'choice'; readonly choices: readonly string[] }

/** An option as a shell may offer it. */
export interface OptionWords {
  readonly long: string
  readonly short: string | undefined
  readonly description: string
  readonly takes: Takes
  readonly repeatable: boolean
}

/** A command as a shell may offer it. */
export interface CommandWords {
  readonly name: string
  readonly description: string
  readonly options: readonly OptionWords[]
  /** What its arguments are; a command without any takes nothing. */
  readonly argument: Takes
}

/** Everything that a shell may offer, from the commands themselves. */
export function wordsOf(program: Command): readonly CommandWords[] {
  return program.commands.map((command) => ({
    name: command.name(),
    description: command.description(),
    options: [...command.options.filter(({ hidden }) => !hidden).map(optionWords), HELP],
    argument: command.registeredArguments[0] ? takenBy(command.registeredArguments[0]) : { kind: 'nothing' },
  }))
}

const HELP: OptionWords = {
  long: '--help',
  short: '-h',
  description: 'prints what there is',
  takes: { kind: 'nothing' },
  repeatable: false,
}

function optionWords(option: Option): OptionWords {
  return {
    long: option.long ?? option.flags,
    short: option.short,
    description: option.description,
    takes: option.isBoolean() ? { kind: 'nothing' } : valueOf(option.flags, option.argChoices),
    repeatable: option.variadic || Array.isArray(option.defaultValue),
  }
}

function takenBy(argument: Argument): Takes {
  return valueOf(argument.name(), argument.argChoices)
}

/** `<file>`, `[files...]` and `<directory>` say by their name what they are. */
function valueOf(name: string, choices: readonly string[] | undefined): Takes {
  if (choices) return { kind: 'choice', choices }
  if (/\bfiles?\b/.test(name)) return { kind: 'file' }
  return { kind: /\bdirectory\b/.test(name) ? 'directory' : 'text' }
}
