import { Command, Option } from 'commander'
import type { Config } from '../../config.ts'
import type { Sources } from '../../config/sources.ts'
import { configured, readsConfiguration } from '../configuration.ts'
import { repositoryFacts, type RepositoryFacts } from '../github.ts'
import { gitHub } from '../octokit.ts'
import type { Given } from '../sources.ts'
import { printTrust, type Printing } from '../trust.ts'

/** `trust`: what the other side has to be told. */
export function trustCommand(): Command {
  return readsConfiguration(new Command('trust'))
    .description(
      'prints what to paste at the warehouse and its identity provider, from the policy or the workflow',
    )
    .option('--target <name>', 'one target only')
    .option('--github', 'asks GitHub for the ids and the form of the subject (with GITHUB_TOKEN or GH_TOKEN)')
    .addOption(
      new Option('--format <format>', 'commands and statements, or Terraform where it has resources for them')
        .choices(['commands', 'terraform'])
        .default('commands'),
    )
    .option(
      '--strict',
      'fails while the action alone checks a condition of the target, or without --target of one whose name or environment says prod',
    )
    .option('--json', 'the documents as JSON, with the claims that each holds')
    .option('--out <directory>', 'writes each document into a file of its own')
    .addHelpText('after', EXAMPLES)
    .action(async (options: Given & Printing & { readonly github?: boolean }) => {
      const { config, sources } = await configured(options, 'filled')
      await printTrust(config, options, options.github ? await factsOf(config, sources) : undefined)
    })
}

async function factsOf(config: Config, { repository }: Sources): Promise<RepositoryFacts> {
  const [named = repository] = config.grants.flatMap(({ when }) => when.get('repository') ?? [])
  return repositoryFacts(await gitHub(), named)
}

const EXAMPLES = `
Examples:
  dbt-oidc trust --target prod
  dbt-oidc trust --format terraform --out infra
  dbt-oidc trust --strict --github > /dev/null
  dbt-oidc trust --workflow .github/workflows/dbt.yml
  dbt-oidc trust --json | jq '.[].checkedHere'
`
