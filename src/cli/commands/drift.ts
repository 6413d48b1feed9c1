import { Command } from 'commander'
import { readsConfiguration } from '../configuration.ts'
import { drift, type Drifting } from '../drift.ts'
import type { Given } from '../sources.ts'

/** `drift`: the trust as it stands, beside what the policy would write. */
export function driftCommand(): Command {
  return readsConfiguration(new Command('drift'))
    .description('compares the trust that stands on the other side with what the policy would write')
    .argument(
      '[files...]',
      'what a platform printed (JSON or CSV; `-`: standard input), of one target; none: the platform is asked',
    )
    .option('--target <name>', 'one target only; with files it is needed, unless there is but one')
    .option('--form <form>', 'of the subject: name, id, or both (default)')
    .option('--json', 'the differences as JSON')
    .addHelpText('after', EXAMPLES)
    .action((files: readonly string[], options: Given & Drifting) => drift(files, options))
}

const EXAMPLES = `
Without files the platform is asked, with the login of this machine: AWS by the credentials that its SDK finds
(iam:GetRole), Google by application default credentials (iam.workloadIdentityPoolProviders.get), Snowflake as
SNOWFLAKE_USER with SNOWFLAKE_TOKEN (a programmatic access token) or SNOWFLAKE_PRIVATE_KEY_PATH (MONITOR of the service
user).

Examples:
  dbt-oidc drift --target prod
  aws iam get-role --role-name dbt-prod | dbt-oidc drift --target prod -
`
