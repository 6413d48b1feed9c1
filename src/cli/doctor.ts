import type { Config } from '../config.ts'
import { fillTarget, type Target } from '../config/target.ts'
import { claimsLine, exchangeLine, grantLine, profileLine } from '../doctor/sentence.ts'
import { printed, type Line } from '../doctor/line.ts'
import { DbtOidcError } from '../errors.ts'
import { decide } from '../policy.ts'
import { visible } from '../policy/visible.ts'
import { count } from '../report/plain.ts'
import { trustedBy } from '../trust/request.ts'
import { coloured } from './colour.ts'
import { repositoryOf } from './check.ts'
import { configured, type Configured } from './configuration.ts'
import { reachLines } from './doctor/reach.ts'
import { runsOf, type Meant, type Run } from './doctor/run.ts'
import { settingLines } from './doctor/settings.ts'
import { toolLines } from './doctor/tools.ts'
import { EXIT } from './exit.ts'
import { gitHub, hasToken } from './octokit.ts'
import { jobGiven, type Given } from './sources.ts'
import { chosen } from './targets.ts'
import { print, printJson } from './print.ts'
import type { WorkflowJob } from './workflow/job.ts'

/** What is to be looked at, and how it is told. */
export interface Looking extends Meant {
  readonly network?: boolean
  readonly json?: boolean
}

/** Looks at every word of the sentence and at what it rests on; the exit code is 1 where something keeps a run from going through. */
export async function doctor(options: Given & Looking): Promise<void> {
  const found = await policyOf(options)
  const job = await jobGiven(options)
  const colour = !options.json && coloured(process.stdout)
  const lines =
    'refused' in found
      ? [found.refused, ...jobLines(job)]
      : [...policyLines(found.config), ...jobLines(job), ...(await rest(found, options, job, colour))]
  const wrong = lines.filter(({ mark }) => mark === 'wrong').length
  const odd = lines.filter(({ mark }) => mark === 'odd').length
  if (options.json) printJson({ fine: wrong === 0, lines })
  else print([...lines.flatMap((line) => printed(line, { colour })), '', verdict(wrong, odd)].join('\n'))
  if (wrong > 0) process.exitCode = EXIT.no
}

async function rest(
  { config, sources, home }: Configured,
  options: Looking,
  job: WorkflowJob | undefined,
  colour: boolean,
): Promise<readonly Line[]> {
  const targets = chosen(config, options.target)
  const runs = await runsOf(config, sources, options, config.other ? undefined : job)
  const explained = await Promise.all(runs.map((run) => sentenceOf({ config, home }, run, colour)))
  const reached = explained.flatMap(({ target }) => target ?? [])
  const real = runs.find((run) => run.real)?.claims
  const repository = options.repository ?? repositoryOf(config, sources)
  return [
    ...explained.flatMap(({ lines }) => lines),
    ...(await toolLines(reached.length > 0 ? reached : targets, config, sources.workspace)),
    ...(options.network
      ? await reachLines(reached.length > 0 ? reached : targets, config.issuer, process.env)
      : []),
    ...(config.other
      ? []
      : hasToken()
        ? await settingLines(await gitHub(), { repository, grants: config.grants, real })
        : [NOT_ASKED]),
  ]
}

const NOT_ASKED: Line = {
  word: 'github',
  mark: 'open',
  text: 'was not asked for its settings: there is no GITHUB_TOKEN',
  remedy: 'GITHUB_TOKEN=$(gh auth token) dbt-oidc doctor',
}

/** A policy that is refused is an answer; how this command was called is none. */
async function policyOf(options: Given): Promise<Configured | { readonly refused: Line }> {
  try {
    return await configured(options, 'filled')
  } catch (error) {
    if (!(error instanceof DbtOidcError) || error.code !== 'configuration' || error.details.length === 0)
      throw error
    const { problem, details, remedy } = error
    return { refused: { word: 'policy', mark: 'wrong', text: problem, facts: details, remedy } }
  }
}

function policyLines({ origin, targets, grants, elsewhere, issuer, warnings }: Config): readonly Line[] {
  const counts = `${count(targets.size, 'target')}, ${count(grants.length, 'grant')}`
  return [
    { word: 'policy', mark: 'ok', text: `${visible(origin)}: ${counts}, for tokens of ${issuer}` },
    ...(elsewhere.length === 0
      ? []
      : [
          {
            word: 'policy',
            mark: 'open',
            text: `${count(elsewhere.length, 'grant')} for tokens of other issuers, of which nothing is looked at here`,
            remedy: `dbt-oidc doctor --issuer ${[...new Set(elsewhere.map((grant) => grant.issuer ?? 'NAME'))].join(' or ')}`,
          } as const,
        ]),
    ...warnings.map((text): Line => ({ word: 'policy', mark: 'odd', text })),
  ]
}

/** What the workflow says around the step, where it keeps a token from it. */
function jobLines(job: WorkflowJob | undefined): readonly Line[] {
  if (!job?.withoutToken) return []
  const { place, problem, remedy, paste } = job.withoutToken
  return [{ word: 'token', mark: 'wrong', text: `${place}: ${problem}`, remedy: `${remedy}\n${paste}` }]
}

interface Explained {
  readonly lines: readonly Line[]
  /** The one that the run gets. */
  readonly target: Target | undefined
}

async function sentenceOf(
  { config, home }: Pick<Configured, 'config' | 'home'>,
  { token, claims, facts, asked }: Run,
  colour: boolean,
): Promise<Explained> {
  if (!claims) return { lines: [token], target: undefined }
  const decision = decide(config.grants, claims, asked, facts)
  const heard = [token, claimsLine(claims), grantLine(decision, { colour })]
  const odd = decision.warnings.map((text): Line => ({ word: 'grant', mark: 'odd', text: home(text) }))
  const granted = decision.grant && config.targets.get(decision.grant.target)
  if (!granted) return { lines: [...heard, ...odd], target: undefined }
  try {
    const target = fillTarget(granted, claims)
    const ways = [exchangeLine(target, claims, await trustedBy(config, target)), profileLine(target)]
    return { lines: [...heard, ...odd, ...ways], target }
  } catch (error) {
    if (!(error instanceof DbtOidcError)) throw error
    const line: Line = { word: 'profile', mark: 'wrong', text: error.problem, remedy: error.remedy }
    return { lines: [...heard, ...odd, line], target: undefined }
  }
}

function verdict(wrong: number, odd: number): string {
  const look = odd === 0 ? '' : ` ${count(odd, 'thing')} to look at (!).`
  if (wrong === 0) return `Nothing seen from here keeps this from going through.${look}`
  return `${count(wrong, 'thing')} ${wrong === 1 ? 'keeps' : 'keep'} this from going through (✗).${look}`
}
