import { Command } from 'commander'
import { readsConfiguration } from '../configuration.ts'
import { doctor, type Looking } from '../doctor.ts'
import type { Given } from '../sources.ts'

/** `doctor`: every word of the sentence, against real claims and GitHub's own settings. */
export function doctorCommand(): Command {
  return readsConfiguration(new Command('doctor'))
    .description(
      'looks at all that a run rests on: policy, token, grant, trust, dbt, network, settings of GitHub',
    )
    .option('--target <name>', 'asks for this target, as the input `target` does')
    .option(
      '--token <file>',
      'a token, or its claims as JSON, read without trusting it (`-`: standard input)',
    )
    .option('--ref <ref>', 'supposes a run of this ref; a bare name is a branch')
    .option('--event <name>', 'supposes that this event has started it (default: push)')
    .option('--environment <name>', 'supposes a job with this environment')
    .option('--claim <name=value>', 'any further claim, as often as needed', collect, [])
    .option('--issuer <name>', "a job of this issuer of the policy's `issuers`, and not of GitHub Actions")
    .option('--network', 'tries whether the hosts of the run can be reached from here')
    .option('--json', 'the lines as JSON')
    .addHelpText('after', EXAMPLES)
    .action((options: Given & Looking) => doctor(options))
}

const EXAMPLES = `
In a job with \`id-token: write\` it asks for a real token, which decides nothing and is shown to nobody. Elsewhere, and
without any of --token, --ref, --event, --environment and --claim, it supposes a run for each target as its first grant
describes it. With GITHUB_TOKEN (or GH_TOKEN) it reads the settings of GitHub that subjects and environments depend on;
what the token may not see is said. The exit code is 1 where something keeps a run from going through (✗).

Examples:
  GITHUB_TOKEN=$(gh auth token) dbt-oidc doctor
  dbt-oidc doctor --ref main --environment production --network
  dbt-oidc doctor --json | jq '.lines[] | select(.mark == "wrong")'
`

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}
