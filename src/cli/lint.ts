import { POLICY_PATH } from '../config/policy-place.ts'
import { configFindings, placed } from '../config/findings.ts'
import { LISTED } from '../config/problems.ts'
import { reviewLimits } from '../config/review.ts'
import type { Config } from '../config.ts'
import { DbtOidcError } from '../errors.ts'
import { exchanges } from '../exchanges/index.ts'
import type { Finding } from '../findings.ts'
import { readRegular } from '../regular.ts'
import { judge, type Judging } from '../trust/judge.ts'
import { warehouses } from '../warehouses/index.ts'
import { configured } from './configuration.ts'
import { readDocuments } from './documents.ts'
import { printFindings, type Telling } from './findings.ts'
import { environmentFindings } from './lint-environments.ts'
import { gitHub } from './octokit.ts'
import { jobGiven, type Given } from './sources.ts'
import type { WorkflowJob } from './workflow/job.ts'

/** How a policy is looked at. */
export interface Linting extends Telling {
  /** The environments that its grants name, too, as GitHub has them. */
  readonly github?: boolean
}

/** Judges the documents, or without any the configuration, and prints what there is to say. */
export async function lint(files: readonly string[], options: Given & Linting): Promise<void> {
  if (files.length === 0) {
    const { findings, origin } = await ofPolicy(options)
    return printFindings([...jobFindings(await jobGiven(options)), ...findings], origin, options)
  }
  const judging = await judgingBy(options)
  const read = await readDocuments(files, { warehouses, exchanges })
  printFindings(judge(read, judging), files.join(', '), options)
}

async function ofPolicy(
  options: Given & Linting,
): Promise<{ readonly findings: readonly Finding[]; readonly origin: string }> {
  try {
    const { config, sources, home } = await configured(options)
    const seen = options.github ? await environmentFindings(await gitHub(), config, sources.repository) : []
    const findings = [...configFindings(config), ...seen]
    return { findings: findings.map((one) => ({ ...one, where: home(one.where) })), origin: config.origin }
  } catch (error) {
    // Without a list of problems it is no configuration that is wrong, but how this command was called.
    if (!(error instanceof DbtOidcError) || error.details.length === 0) throw error
    const origin = options.config ?? options.workflow ?? POLICY_PATH
    return { findings: error.details.map((line) => refused(line, error, origin)), origin }
  }
}

/** What keeps a token from the step, whatever its configuration says. */
function jobFindings(job: WorkflowJob | undefined): readonly Finding[] {
  if (!job?.withoutToken) return []
  const { place, ...said } = job.withoutToken
  return [{ code: 'id-token-permission', severity: 'error', where: place, about: `job ${job.name}`, ...said }]
}

/** What the step would refuse. */
function refused(line: string, { remedy }: DbtOidcError, origin: string): Finding {
  const [, ...pasted] = remedy.split('\n')
  return {
    code: 'configuration',
    severity: 'error',
    about: 'policy',
    ...placed(line, origin),
    remedy: remedyOf(line, remedy),
    ...(pasted.length === 0 || !line.includes('restricts') ? {} : { paste: pasted.join('\n') }),
  }
}

/** What the sentence itself proposes, else what the whole error does where that says more than to mend what is listed. */
function remedyOf(line: string, whole: string): string {
  const [, meant] = /did you mean (`[^`]+`|"[^"]+")\?/.exec(line) ?? []
  if (meant !== undefined) return `Write ${meant}.`
  const [, way, place] = /it belongs (under|beside) (`[^`]+`)\.$/.exec(line) ?? []
  if (way !== undefined && place !== undefined) return `Move it ${way === 'under' ? 'below' : way} ${place}.`
  if (line.includes(' is an expression, ')) return 'Write the value out there, or use a policy file.'
  const [first = ''] = whole.split('\n')
  if (first === LISTED) return 'Do what the sentence says: until then the step refuses to run.'
  return first
}

/** A policy that is there says which issuer is meant, and how old a review may be; none is needed. */
async function judgingBy(options: Given): Promise<Judging> {
  const config = await policyOf(options)
  return {
    issuers: config ? [config.issuer] : [],
    declared: config ? [...config.issuers.values()] : [],
    review: config?.review ?? reviewLimits(undefined),
    today: new Date(),
  }
}

async function policyOf(options: Given): Promise<Config | undefined> {
  const named = options.config !== undefined || options.workflow !== undefined
  if (!named && (await readRegular(POLICY_PATH)).kind !== 'text') return undefined
  try {
    return (await configured(options)).config
  } catch (error) {
    // Whoever has not asked for the policy has not asked for its problems.
    if (named || !(error instanceof DbtOidcError)) throw error
    return undefined
  }
}
