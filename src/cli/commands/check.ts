import { Command } from 'commander'
import { checkAll } from '../check-all.ts'
import { checkOne, refuseSecret, type Asking } from '../check.ts'
import { configured, readsConfiguration } from '../configuration.ts'
import { fail } from '../../errors.ts'
import type { Given } from '../sources.ts'
import type { Surveying } from '../survey.ts'

const collect = (value: string, before: readonly string[]): readonly string[] => [...before, value]

/** `check`: what a run would get, asked of the very code that decides in the step. */
export function checkCommand(): Command {
  return readsConfiguration(new Command('check'))
    .description('says which grant a run would get, and why not; with --all, which runs reach which target')
    .option('--ref <ref>', 'the ref of the run; a bare name is a branch')
    .option('--event <name>', 'what started it (default: push)')
    .option('--environment <name>', 'the environment of its job')
    .option('--claim <name=value>', 'any further claim; as often as needed', collect, [])
    .option('--issuer <name>', "a job of this issuer of the policy's `issuers`, and not of GitHub Actions")
    .option('--fork', 'a pull request that comes from a fork')
    .option(
      '--token <file>',
      'a token, or its claims as JSON, read without trusting it (`-`: standard input)',
    )
    .option('--target <name>', 'asks for this target, as the input `target` does')
    .option('--all', 'every branch and environment of the repository against every target')
    .option('--branches <name...>', 'with --all: these branches, and not those of GitHub or of this clone')
    .option('--environments <name...>', 'with --all: these environments')
    .option('--json', 'the answer as JSON')
    .addHelpText('after', EXAMPLES)
    .action(async (options: Given & Asking & Surveying) => {
      refuseMixed(options)
      for (const one of options.branches ?? []) refuseSecret('--branches', one)
      for (const one of options.environments ?? []) refuseSecret('--environments', one)
      const { config, sources } = await configured(options)
      await (options.all ? checkAll(config, sources, options) : checkOne(config, sources, options))
    })
}

function refuseMixed({
  all,
  branches,
  environments,
  ref,
  event,
  environment,
  claim,
  token,
  fork,
}: Asking & Surveying) {
  const one = [ref, event, environment, token, fork].some((value) => value !== undefined) || claim.length > 0
  if (all ? !one : branches === undefined && environments === undefined) return
  fail({
    code: 'usage',
    problem: all
      ? '--all asks about every run, and --ref, --event, --environment, --claim, --fork and --token about one.'
      : '--branches and --environments belong to --all.',
    remedy: 'Give the one or the other.',
  })
}

const EXAMPLES = `
With GITHUB_TOKEN (or GH_TOKEN), --all reads branches, environments and their deployment rules from GitHub; without it,
the branches of this clone and the environments that the policy names. The exit code is 1 where a run gets no grant.

Examples:
  dbt-oidc check --ref main --environment production
  dbt-oidc check --ref refs/pull/12/merge --event pull_request --claim base_ref=main --target ci
  dbt-oidc check --token claims.json
  dbt-oidc check --issuer gitlab --claim project_path=acme/shop --claim ref=main --claim ref_type=branch
  GITHUB_TOKEN=$(gh auth token) dbt-oidc check --all
`
