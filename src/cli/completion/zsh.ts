import type { CommandWords, OptionWords, Takes } from './words.ts'

/** Completion for zsh: as a file `_dbt-oidc` of `$fpath`, or evaluated after `compinit`. */
export function zshCompletion(commands: readonly CommandWords[]): string {
  return `#compdef dbt-oidc
# dbt-oidc completion for zsh: keep it as _dbt-oidc in a directory of $fpath, or source it after compinit
_dbt_oidc() {
  local -a commands
  commands=(
${commands.map(({ name, description }) => `    ${quoted(`${name}:${description}`)}`).join('\n')}
    'help:prints what there is for a command'
  )
  if (( CURRENT == 2 )); then
    _describe 'command' commands
    _arguments '--help[prints what there is]' '--version[prints the version]'
    return
  fi
  shift words
  (( CURRENT-- ))
  case $words[1] in
${commands.map(commandCase).join('\n')}
    help) _describe 'command' commands ;;
  esac
}
if [[ $funcstack[1] == _dbt-oidc ]]; then _dbt_oidc "$@"; else compdef _dbt_oidc dbt-oidc; fi
`
}

function commandCase({ name, options, argument }: CommandWords): string {
  const specs = options.map(optionSpec)
  const rest = argument.kind === 'nothing' ? [] : [`'*:${argument.kind}:${action(argument)}'`]
  return `    ${name}) _arguments ${[...specs, ...rest].join(' ')} ;;`
}

function optionSpec({ long, short, description, takes, repeatable }: OptionWords): string {
  const text = `[${description.replaceAll(/[[\]\\:]/g, '\\$&')}]`
  const value = takes.kind === 'nothing' ? '' : `:${takes.kind}:${action(takes)}`
  if (short !== undefined && !repeatable)
    return `'(${short} ${long})'{${short},${long}}${quoted(`${text}${value}`)}`
  return quoted(`${repeatable ? '*' : ''}${long}${text}${value}`)
}

function action(takes: Takes): string {
  switch (takes.kind) {
    case 'choice':
      return `(${takes.choices.join(' ')})`
    case 'file':
      return '_files'
    case 'directory':
      return '_files -/'
    case 'text':
    case 'nothing':
      return ' '
  }
}

function quoted(text: string): string {
  return `'${text.replaceAll("'", `'\\''`)}'`
}
