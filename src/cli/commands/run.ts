import { Command, Option } from 'commander'
import type { Running } from '../job/run.ts'

/** `run`: the sentence of the step, for a job of another system that holds an OIDC token. */
export function runCommand(): Command {
  return new Command('run')
    .description('runs dbt with a credential bought with the OIDC token of a job outside of GitHub Actions')
    .requiredOption('--issuer <name>', "who made the token: a name under the policy's `issuers`")
    .option('--token-file <file>', 'the token is in this file, which is read anew whenever one is needed')
    .option('--token-variable <name>', 'the token is in this variable, and cannot be renewed')
    .option(
      '--token-url <url>',
      'a token is got from this address; `{audience}` in it is the one that is needed',
    )
    .option(
      '--token-header <header>',
      "a header for it, as often as needed: 'Authorization: Bearer $VARIABLE'",
      collect,
      [],
    )
    .addOption(
      new Option('--token-method <method>', 'how it is asked (default: GET)').choices(['GET', 'POST']),
    )
    .option('--config <file>', 'the policy file (default: .github/dbt-oidc.yml)')
    .option('--target <name>', 'asks for this target; it must be granted')
    .option('--project-dir <directory>', 'where dbt_project.yml is (default: here)')
    .option('--keep-alive <how>', 'auto, proxy or off (default: auto)')
    .option('--preflight', 'one login before dbt starts tells who we are')
    .option('--until <word>', 'stops after claims, grant, exchange or profile, and says what it found')
    .option('--env <names>', 'further variables that dbt may see, as NAME or PREFIX_*')
    .option('--audit-log <file>', 'one line for each use of a token', 'dbt-oidc-audit.jsonl')
    .argument('[command...]', 'the dbt command, behind `--`')
    .addHelpText('after', EXAMPLES)
    .action(async (words: readonly string[], running: Running) => {
      const { runJob } = await import('../job/run.ts')
      await runJob(words, running)
    })
}

const EXAMPLES = `
The exit code is dbt's own once dbt has run. docs/other-issuers.md leads from nothing to a first run in GitLab CI,
Buildkite and Kubernetes.

Examples:
  dbt-oidc run --issuer gitlab --token-variable DBT_ID_TOKEN -- dbt build
  dbt-oidc run --issuer cluster --token-file /var/run/secrets/dbt/token --target prod -- dbt build --select tag:daily
  dbt-oidc run --issuer ci --token-url 'https://ci.example/token?aud={audience}' --token-header 'Authorization: Bearer $CI_TOKEN' -- dbt build
`

function collect(value: string, before: readonly string[]): readonly string[] {
  return [...before, value]
}
