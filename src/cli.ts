import { Command } from 'commander'
import { readConfig } from './config.ts'
import { exchanges } from './exchanges/index.ts'
import { failureLines } from './report/failure.ts'
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
    .option('--json', 'the documents as JSON, with the claims that each holds')
    .option('--out <directory>', 'writes each document into a file of its own')
    .addHelpText('after', EXAMPLES)
    .action(async (options: Given & Printing) => {
      const sources = await sourcesOf(options)
      await printTrust(await readConfig(sources, { warehouses, exchanges }), options)
    })
  return command
}

const EXAMPLES = `
Examples:
  dbt-oidc trust --target prod
  dbt-oidc trust --workflow .github/workflows/dbt.yml
  dbt-oidc trust --json | jq '.[].checkedHere'
`
