import type { CommandWords, OptionWords, Takes } from './words.ts'

/** Completion for fish. */
export function fishCompletion(commands: readonly CommandWords[]): string {
  const lines = [
    '# dbt-oidc completion for fish: keep it as ~/.config/fish/completions/dbt-oidc.fish',
    'complete -c dbt-oidc -f',
    `complete -c dbt-oidc -n __fish_use_subcommand -l help -d 'prints what there is'`,
    `complete -c dbt-oidc -n __fish_use_subcommand -l version -d 'prints the version'`,
    `complete -c dbt-oidc -n __fish_use_subcommand -a help -d 'prints what there is for a command'`,
    `complete -c dbt-oidc -n '__fish_seen_subcommand_from help' -a ${quoted(commands.map(({ name }) => name).join(' '))}`,
    ...commands.flatMap(commandLines),
  ]
  return `${lines.join('\n')}\n`
}

function commandLines({ name, description, options, argument }: CommandWords): readonly string[] {
  const within = `complete -c dbt-oidc -n '__fish_seen_subcommand_from ${name}'`
  const taken = offered(argument)
  return [
    `complete -c dbt-oidc -n __fish_use_subcommand -a ${name} -d ${quoted(description)}`,
    ...(taken === '' ? [] : [`${within} ${taken}`]),
    ...options.map((option) => `${within} ${optionPart(option)}`),
  ]
}

function optionPart({ long, short, description, takes }: OptionWords): string {
  const value = takes.kind === 'nothing' ? '' : ` -r ${offered(takes)}`
  const letter = short === undefined ? '' : ` -s ${short.slice(1)}`
  return `-l ${long.slice(2)}${letter}${value.trimEnd()} -d ${quoted(description)}`
}

function offered(takes: Takes): string {
  switch (takes.kind) {
    case 'choice':
      return `-f -a ${quoted(takes.choices.join(' '))}`
    case 'file':
      return '-F'
    case 'directory':
      return `-f -a '(__fish_complete_directories)'`
    case 'text':
      return '-f'
    case 'nothing':
      return ''
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll('\\', '\\\\').replaceAll("'", `\\'`)}'`
}
