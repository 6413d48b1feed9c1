import { Command } from 'commander'
import type { Migrating } from '../migrate.ts'

/** `migrate`: from a stored secret to a policy and a step without one. */
export function migrateCommand(): Command {
  return new Command('migrate')
    .description(
      'proposes policy and workflow in place of stored secrets, and names those that are needed no more',
    )
    .option('--profiles <file>', 'the profiles.yml that the workflow uses (default: the one that is here)')
    .option('--workflow <file...>', 'the workflows (default: all of .github/workflows)')
    .option('--repository <owner/name>', 'the repository (default: the remote `origin`)')
    .option('--uses <action>', 'how a step names the action', 'OWNER/dbt-oidc@v1')
    .option('--write', 'writes the policy, and changes the workflows')
    .option('--json', 'the proposal as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (options: Migrating) => (await import('../migrate.ts')).migrate(options))
}

const EXAMPLES = `
It reads profiles.yml and workflows and asks nobody. What no file tells, such as the id of an account, stands in the policy
as a value to fill in. The exit code is 1 where a target keeps its stored secret or the proposal does not hold.

Examples:
  dbt-oidc migrate
  dbt-oidc migrate --profiles transform/profiles.yml --workflow .github/workflows/dbt.yml | git apply
  dbt-oidc migrate --json | jq -r .unneeded[]
`
