import { EXIT } from './exit.ts'
import type { Config } from '../config.ts'
import { wantOf, type Target } from '../config/target.ts'
import { DbtOidcError, fail } from '../errors.ts'
import { exchanges } from '../exchanges/index.ts'
import type { Finding } from '../findings.ts'
import { visible } from '../policy/visible.ts'
import { ageOf, unusedWays } from '../trust/age.ts'
import { compareTrust, titleOf, type Compared } from '../trust/drift.ts'
import { wanted } from '../trust/recognise.ts'
import { trustRequest } from '../trust/request.ts'
import type { SubjectForm } from '../trust/rules.ts'
import type { Standing } from '../trust/standing.ts'
import type { Statement } from '../trust/statement.ts'
import { warehouses } from '../warehouses/index.ts'
import { configured } from './configuration.ts'
import { readDocuments } from './documents.ts'
import { printDrift } from './drift-table.ts'
import type { Given } from './sources.ts'
import { standingOn } from './standing.ts'
import { chosen } from './targets.ts'

/** How a comparison is wanted. */
export interface Drifting {
  readonly target?: string
  readonly form?: string
  readonly json?: boolean
}

/** What came out for one target. */
export interface Drift extends Compared {
  readonly target: string
  /** Of the trust as it stands: its age, what nobody uses. */
  readonly findings: readonly Finding[]
}

const registries = { warehouses, exchanges }

/** Compares, prints a table, and sets the exit code: 1 where anything differs, 3 where a platform does not tell. */
export async function drift(files: readonly string[], options: Given & Drifting): Promise<void> {
  const { config } = await configured(options)
  const form = formOf(options.form)
  const targets = chosen(config, options.target).filter((target) => isTrusted(config, target))
  if (targets.length === 0) nothingToCompare(options.target)
  const all =
    files.length > 0 ? await fromFiles(files, config, targets, form) : await live(config, targets, form)
  printDrift(all, options.json === true)
  const errors = all.flatMap(({ findings }) => findings.filter(({ severity }) => severity === 'error'))
  const differs = all.some(({ differences }) => differences.length > 0)
  if (differs || errors.some((one) => !isUnasked(one))) process.exitCode = EXIT.no
  else if (errors.length > 0) process.exitCode = EXIT.unanswered
}

function isUnasked({ code }: Finding): boolean {
  return code === 'not-compared'
}

function isTrusted({ grants, elsewhere }: Config, { name, via }: Target): boolean {
  return via !== 'none' && [...grants, ...elsewhere].some(({ target }) => target === name)
}

/** Whoever asks whether two things differ must not be told "no" where one of them is not there. */
function nothingToCompare(name: string | undefined): never {
  return fail({
    code: 'configuration',
    problem:
      name === undefined
        ? 'No target has a grant and an exchange, so that nothing on another side is trusted.'
        : `The target ${name} has no grant or no exchange, so that nothing on another side is trusted for it.`,
    remedy: 'Grant a target that has an exchange, or name another one with --target.',
  })
}

function formOf(form: string | undefined): SubjectForm | undefined {
  if (form === undefined || form === 'name' || form === 'id' || form === 'both') return form
  return fail({
    code: 'usage',
    problem: `--form ${visible(form)} is none of name, id, both.`,
    remedy: 'Leave it out where both forms of the subject are trusted.',
  })
}

async function fromFiles(
  files: readonly string[],
  config: Config,
  targets: readonly Target[],
  form: SubjectForm | undefined,
): Promise<readonly Drift[]> {
  const [target, ...others] = targets
  if (!target || others.length > 0)
    return fail({
      code: 'configuration',
      problem: `A document does not say for which target it is, and there are ${targets.map(({ name }) => name).join(', ')}.`,
      remedy: 'Name the target with --target.',
    })
  const found = await readDocuments(files, registries)
  return [
    await compared(
      config,
      target,
      found.map(({ statement }) => statement),
      { form, whole: false },
    ),
  ]
}

async function live(
  config: Config,
  targets: readonly Target[],
  form: SubjectForm | undefined,
): Promise<readonly Drift[]> {
  await using tools = await standingOn()
  const ask = async (target: Target): Promise<Drift> =>
    compared(config, target, await asked(config, target, form, tools), { form, whole: true })
  const [only, ...others] = targets
  if (only && others.length === 0) return [await ask(only)]
  const all: Drift[] = []
  for (const target of targets) all.push(await ask(target).catch((error: unknown) => unasked(target, error)))
  return all
}

/** One platform that does not answer hides nothing of the others; and it counts, since nobody knows what stands there. */
function unasked({ name }: Target, error: unknown): Drift {
  if (!(error instanceof DbtOidcError)) throw error
  const { problem, remedy, details } = error
  const place = { where: `target ${name}`, about: `target ${name}` }
  const finding: Finding = {
    code: 'not-compared',
    severity: 'error',
    ...place,
    problem,
    remedy,
    ...(details.length > 0 && { paste: details.map((line) => line.trim()).join('\n') }),
  }
  return { target: name, differences: [], notShown: [], findings: [finding] }
}

/** Throws `configuration` where a platform can only be compared by what it has printed. */
async function asked(
  config: Config,
  target: Target,
  form: SubjectForm | undefined,
  tools: Standing,
): Promise<readonly Statement[]> {
  const request = trustRequest(config, target, form)
  const traded = target.acceptance.wholeTrust
    ? undefined
    : target.exchange.standing?.(wantOf(target), request, tools)
  const found = traded ?? target.bound.standing(request, tools)
  if (found) return found
  const readers = [exchanges.get(target.via)?.reader, target.warehouse.reader]
  const loaded = await Promise.all(readers.flatMap((reader) => reader?.() ?? []))
  const known = loaded.flatMap(({ understands }) => understands)
  return fail({
    code: 'configuration',
    problem: `How the trust of ${target.name} (${target.warehouse.title} via ${target.via}) stands cannot be asked from here.`,
    remedy:
      known.length === 0
        ? 'Compare it by eye with what `dbt-oidc trust` prints, or name other targets with --target.'
        : 'Give what the platform prints, as a file or by a pipe:',
    details: known.map((one) => `  ${one}`),
  })
}

interface How {
  readonly form: SubjectForm | undefined
  readonly whole: boolean
}

async function compared(
  config: Config,
  target: Target,
  found: readonly Statement[],
  { form, whole }: How,
): Promise<Drift> {
  const policy = await wanted(config, target, registries, form)
  if (policy.length === 0)
    return fail({
      code: 'configuration',
      problem: `Nothing that ${target.warehouse.title} via ${target.via} prints is understood here.`,
      remedy: 'Compare it by eye with what `dbt-oidc trust` prints.',
    })
  const asking = { review: config.review, today: new Date() }
  const findings = found.flatMap((statement) =>
    [...ageOf(statement, reviewedOf(config, target), asking), ...unusedWays(statement, asking)].map(
      (one): Finding => ({ ...one, where: `target ${target.name}`, about: visible(titleOf(statement)) }),
    ),
  )
  return {
    target: target.name,
    findings,
    ...compareTrust(
      policy.map(({ statement }) => statement),
      found,
      whole,
    ),
  }
}

/** The oldest review of the target's grants; undefined where one of them has none. */
function reviewedOf({ grants, elsewhere }: Config, { name }: Target): Date | undefined {
  const own = [...grants, ...elsewhere]
    .filter(({ target }) => target === name)
    .map(({ reviewed }) => reviewed)
  const dates = own.filter((reviewed) => reviewed !== undefined).toSorted()
  return dates[0] === undefined || dates.length < own.length ? undefined : new Date(`${dates[0]}T00:00:00Z`)
}
