import type { CommandWords, OptionWords, Takes } from './words.ts'

/**
 * Completion for bash, 3.2 (macOS) included. Where nothing is offered, readline offers files: what takes a file returns
 * early, and what takes something else switches that off, where the shell is new enough to.
 */
export function bashCompletion(commands: readonly CommandWords[]): string {
  const names = [...commands.map(({ name }) => name), 'help', '--help', '--version']
  return `# dbt-oidc completion for bash: source it, or keep it as ~/.local/share/bash-completion/completions/dbt-oidc
_dbt_oidc() {
  local current=\${COMP_WORDS[COMP_CWORD]} previous=\${COMP_WORDS[COMP_CWORD-1]}
  COMPREPLY=()
  if [[ $COMP_CWORD -eq 1 ]]; then
    COMPREPLY=($(compgen -W '${names.join(' ')}' -- "$current"))
    return
  fi
  case "\${COMP_WORDS[1]} $previous" in
${commands.flatMap((command) => command.options.flatMap((option) => valueCase(command, option))).join('\n')}
  esac
  case "\${COMP_WORDS[1]}" in
${commands.map(commandCase).join('\n')}
    help) COMPREPLY=($(compgen -W '${commands.map(({ name }) => name).join(' ')}' -- "$current")) ;;
  esac
}
complete -o default -F _dbt_oidc dbt-oidc
`
}

function valueCase({ name }: CommandWords, { long, short, takes }: OptionWords): readonly string[] {
  if (takes.kind === 'nothing') return []
  const pattern = [long, ...(short === undefined ? [] : [short])].map((flag) => `"${name} ${flag}"`).join('|')
  return [`    ${pattern}) ${offering(takes)}; return ;;`]
}

function offering(takes: Takes): string {
  if (takes.kind === 'choice') return `COMPREPLY=($(compgen -W '${takes.choices.join(' ')}' -- "$current"))`
  return takes.kind === 'text' ? 'compopt +o default 2>/dev/null' : ':'
}

function commandCase({ name, options, argument }: CommandWords): string {
  const words = [
    ...(argument.kind === 'choice' ? argument.choices : []),
    ...options.map(({ long }) => long),
  ].join(' ')
  const offer = `COMPREPLY=($(compgen -W '${words}' -- "$current"))`
  // Options are offered once a dash is typed, where files are meant otherwise.
  const files = argument.kind === 'file' || argument.kind === 'directory'
  return files
    ? `    ${name}) [[ $current != -* ]] || ${offer} ;;`
    : `    ${name}) compopt +o default 2>/dev/null; ${offer} ;;`
}
