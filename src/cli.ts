import { Command } from 'commander'
import { readConfig, type Config } from './config.ts'
import { repositoryFacts, type RepositoryFacts } from './cli/github.ts'
import type { Sources } from './config/sources.ts'
import { fail } from './errors.ts'
import { createHttp } from './http.ts'
import { fetchOver } from './http/fetch.ts'
import { rehearsalOf, rewrite } from './rehearsal.ts'
import { exchanges } from './exchanges/index.ts'
import { failureLines } from './report/failure.ts'
import { atHome } from './cli/places.ts'
import { sourcesOf, type Given } from './cli/sources.ts'
import { printTrust, type Printing } from './cli/trust.ts'
import { warehouses } from './warehouses/index.ts'

/** The command line: reads the same configuration as the step. Exit code 1 for every refusal, with the step's own words. */
export async function cli(argv: readonly string[] = process.argv): Promise<void> {
  try {
    process.exitCode = 0
    await program().parseAsync([...argv])
  } catch (error) {
    process.exitCode = 1
    const colour = process.stderr.isTTY && !process.env['NO_COLOR']
    // Nothing here ever holds a token.
    const lines = failureLines(error, { colour, scrub: (text) => text })
    process.stderr.write(`${lines.join('\n')}\n`)
  }
}

function program(): Command {
  const command = new Command('dbt-oidc')
    .description('What the other side of a dbt run without stored secrets has to trust.')
    .showHelpAfterError('(add --help for what there is)')
  command
    .command('trust')
    .description(
      'prints what to paste at the warehouse and its identity provider, from the policy or the workflow',
    )
    .option('--target <name>', 'one target only')
    .option('--config <file>', 'the policy file (default: .github/dbt-oidc.yml)')
    .option('--workflow <file>', 'a workflow that uses the action with inputs instead of a policy file')
    .option('--repository <owner/name>', 'the repository (default: the policy, else the remote `origin`)')
    .option('--github', 'asks GitHub for the ids and the form of the subject (with GITHUB_TOKEN or GH_TOKEN)')
    .option('--json', 'the documents as JSON, with the claims that each holds')
    .option('--out <directory>', 'writes each document into a file of its own')
    .addHelpText('after', EXAMPLES)
    .action(async (options: Given & Printing & { readonly github?: boolean }) => {
      const { sources, workflow } = await sourcesOf(options)
      const config = await readConfig(sources, { warehouses, exchanges }).catch((error: unknown) => {
        throw atHome(error, options, workflow)
      })
      await printTrust(config, options, options.github ? await askGitHub(config, sources) : undefined)
    })
  return command
}

async function askGitHub(config: Config, { repository }: Sources): Promise<RepositoryFacts> {
  const { getOctokit } = await import('@actions/github')
  const token = process.env['GITHUB_TOKEN'] || process.env['GH_TOKEN'] || undefined
  if (token === undefined)
    return fail({
      code: 'configuration',
      problem: 'There is no token to ask GitHub with.',
      remedy: 'Set GITHUB_TOKEN, e.g. `GITHUB_TOKEN=$(gh auth token)`, or leave --github away.',
    })
  const [named = repository] = config.grants.flatMap(({ when }) => when.get('repository') ?? [])
  const rehearsal = rehearsalOf(process.env['GITHUB_SERVER_URL'] ?? '')
  const http = createHttp({ rehearsal, env: process.env })
  const fetch = fetchOver({ http, at: (url) => rewrite(rehearsal, url) })
  const octokit = getOctokit(token, { request: { fetch } })
  return repositoryFacts((route, parameters) => octokit.request(route, parameters), named)
}

const EXAMPLES = `
Examples:
  dbt-oidc trust --target prod
  dbt-oidc trust --workflow .github/workflows/dbt.yml
  dbt-oidc trust --json | jq '.[].checkedHere'
`
