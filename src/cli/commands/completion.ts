import { Argument, Command } from 'commander'
import { bashCompletion } from '../completion/bash.ts'
import { fishCompletion } from '../completion/fish.ts'
import { wordsOf, type CommandWords } from '../completion/words.ts'
import { zshCompletion } from '../completion/zsh.ts'

const SHELLS = { bash: bashCompletion, zsh: zshCompletion, fish: fishCompletion } as const

/** `completion`: what a shell needs to complete the commands and options of this program. */
export function completionCommand(): Command {
  return new Command('completion')
    .description('prints the completion of a shell, made of these very commands')
    .addArgument(new Argument('<shell>', 'the shell').choices(Object.keys(SHELLS)))
    .addHelpText('after', EXAMPLES)
    .action((shell: keyof typeof SHELLS, _options: unknown, command: Command) => {
      const words: readonly CommandWords[] = command.parent ? wordsOf(command.parent) : []
      process.stdout.write(SHELLS[shell](words))
    })
}

const EXAMPLES = `
Examples:
  eval "$(dbt-oidc completion bash)"
  dbt-oidc completion zsh > ~/.zfunc/_dbt-oidc
  dbt-oidc completion fish > ~/.config/fish/completions/dbt-oidc.fish

They complete the word dbt-oidc; where you run it through npx, name it first:
  dbt-oidc() { npx github:OWNER/dbt-oidc#<sha> "$@"; }
`
