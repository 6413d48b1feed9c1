import type { DbtCommand } from './dbt/command.ts'
import { parseRun } from './dbt/command.ts'
import { dbtEnvironment } from './dbt/environment.ts'
import type { Grant } from './policy.ts'
import { overlaps } from './policy/lint.ts'
import { chosenIssuer } from './config/issuers.ts'
import type { OtherIssuer } from './other-issuer.ts'
import { audienceOf, type Registries, type Target } from './config/target.ts'
import { checkNames, input, placeOfInput, readOptions, type Options } from './config/options.ts'
import { checkProxied } from './config/proxied.ts'
import { collectProblems } from './config/problems.ts'
import { readIssuer } from './config/issuer.ts'
import { checkState } from './config/state.ts'
import type { Notice, NoticeCode } from './config/notice.ts'
import { fromInputs } from './config/from-inputs.ts'
import { POLICY_PATH, type PolicyFacts } from './config/policy-place.ts'
import type { Sources } from './config/sources.ts'
import type { ReviewLimits } from './trust/age.ts'
import { OWN_AUDIENCE } from './exchanges/none.ts'
import { rehearsalOf } from './rehearsal.ts'
import { fail } from './errors.ts'
import { checkTlsEnv } from './http.ts'
import type { YamlScalar } from './yaml.ts'
import { join } from 'node:path'

/** What a run is to do: read once, checked whole, never changed. */
export interface Config extends Options {
  readonly targets: ReadonlyMap<string, Target>
  readonly grants: readonly Grant[]
  /** The target that was asked for. */
  readonly asked: string | undefined
  readonly commands: readonly DbtCommand[]
  readonly issuer: string
  /** The issuer of this job's tokens, where it is not GitHub. */
  readonly other?: OtherIssuer
  readonly issuers: ReadonlyMap<string, OtherIssuer>
  /** Grants for tokens of other issuers than this one: they grant nothing here. */
  readonly elsewhere: readonly Grant[]
  /** Where the rules come from: the policy file's path, or `inputs`. */
  readonly origin: string
  /** The text that these rules are; absent where they are inputs. */
  readonly policy?: PolicyFacts
  readonly review: ReviewLimits
  readonly warnings: readonly string[]
  /** The same, each with what it is about. */
  readonly notices: readonly Notice[]
}

/** What both ways of configuring give. */
export interface Rules {
  readonly targets: ReadonlyMap<string, Target>
  readonly grants: readonly Grant[]
  readonly asked: string | undefined
  /** As the policy file has it. */
  readonly issuer: YamlScalar | undefined
  readonly issuers: ReadonlyMap<string, OtherIssuer>
  readonly review: ReviewLimits
  readonly origin: string
  readonly policy?: PolicyFacts
}

/**
 * Reads inputs, policy file and existing profiles.yml into one value. Throws `configuration` with every problem at
 * once, each with its input or its line; nothing is asked of the network.
 */
export async function readConfig(sources: Sources, registries: Registries): Promise<Config> {
  const problems = collectProblems()
  const notices: Notice[] = []
  checkNames(sources, problems)
  const options = readOptions(sources, problems)
  const { commands, problems: faults } = parseRun(input(sources, 'run') ?? '')
  for (const fault of faults) problems.add(placeOfInput('run'), fault)
  if (options.outputCredential && commands.length > 0 && options.until === undefined)
    problems.add(
      placeOfInput('output-credential'),
      'With `run` the credential ends with this step, so later steps could not use it; leave one of the two out.',
    )
  checkState(options, commands, sources.env, problems)
  const tls = checkTlsEnv(sources.env)
  if (tls) problems.add('environment', tls)

  const visible = visibleVariables(sources, options)
  const rules = {
    registries,
    rehearsal: rehearsalOf(sources.serverUrl) !== undefined,
    problems,
    warn: (text: string, code: NoticeCode = 'configuration') => void notices.push({ code, text }),
    visible,
    lookup: (name: string) => (Object.hasOwn(visible, name) ? visible[name] : undefined),
  }
  const made = (await hasPolicy(sources))
    ? await (await import('./config/from-policy.ts')).fromPolicy(sources, rules)
    : await fromInputs(sources, options, rules)
  checkProxied(options, { ...made, commands }, problems)
  const other = chosenIssuer(sources, made, problems)
  const grants = made.grants.filter((grant) => grant.issuer === sources.issuer)
  const elsewhere = made.grants.filter((grant) => grant.issuer !== sources.issuer)
  notices.push(...overlaps(grants).map((text) => ({ code: 'overlap' as const, text })))
  const issuer = other?.url ?? readIssuer(sources, made.issuer, problems)
  problems.throwAny()
  return {
    ...options,
    ...made,
    grants,
    elsewhere,
    commands,
    issuer,
    ...(other ? { other } : {}),
    notices,
    warnings: notices.map(({ text }) => text),
  }
}

/** The variables that dbt will see: an expression in a pull request's profiles.yml must not read more. */
function visibleVariables(sources: Sources, options: Options): Readonly<Record<string, string>> {
  const { env } = dbtEnvironment({
    env: sources.env,
    names: options.env,
    steering: { target: input(sources, 'target') ?? '', projectDir: options.projectDir },
    workspace: sources.workspace,
    nowhere: sources.workspace,
    carried: {},
  })
  return env
}

/** The audience of the decision token: the candidates' own where they share one, else one that opens nothing. */
export function decisionAudience(config: Config): string {
  const candidates = [...config.targets.values()].filter(
    ({ name }) =>
      (config.asked === undefined || name === config.asked) &&
      (config.other === undefined || config.grants.some(({ target }) => target === name)),
  )
  const audiences = new Set(candidates.map(audienceOf))
  if (config.other && audiences.size > 1)
    fail({
      code: 'configuration',
      problem: `The targets ${candidates.map(({ name }) => name).join(', ')} want tokens for different audiences, and a token that the job already has is for one.`,
      remedy: 'Name one with --target.',
    })
  const [only] = audiences
  return audiences.size === 1 && only !== undefined ? only : OWN_AUDIENCE
}

async function hasPolicy(sources: Sources): Promise<boolean> {
  if (input(sources, 'config') !== undefined) return true
  return (await sources.read(join(sources.workspace, POLICY_PATH))).kind !== 'missing'
}
