import { Command } from 'commander'
import { readsConfiguration } from '../configuration.ts'
import { lint, type Linting } from '../lint.ts'
import type { Given } from '../sources.ts'

/** `lint`: what is wrong with the policy, or with what stands on the other side. */
export function lintCommand(): Command {
  return readsConfiguration(new Command('lint'))
    .description('judges the policy, or what a platform has printed of the trust that stands there')
    .argument('[files...]', 'what a platform printed (JSON or CSV; `-`: standard input); none: the policy')
    .option(
      '--github',
      'asks GitHub who may use the environments of the policy (with GITHUB_TOKEN or GH_TOKEN)',
    )
    .option('--strict', 'exits with 1 for warnings, too')
    .option('--json', 'the findings as JSON')
    .addHelpText('after', EXAMPLES)
    .action((files: readonly string[], options: Given & Linting) => lint(files, options))
}

const EXAMPLES = `
Examples:
  dbt-oidc lint
  dbt-oidc lint --github --strict
  aws iam get-role --role-name dbt-prod | dbt-oidc lint -
  gcloud iam workload-identity-pools providers describe … --format json > provider.json; dbt-oidc lint provider.json
  snow sql --format json -q 'SHOW USER WORKLOAD IDENTITY AUTHENTICATION METHODS FOR USER …' | dbt-oidc lint -
  az ad app federated-credential list --id … | dbt-oidc lint -
  databricks account service-principal-federation-policy list … --output json | dbt-oidc lint -
`
