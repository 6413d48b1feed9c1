import type { Config } from '../config.ts'
import type { RepositoryFacts } from './github.ts'
import type { Target } from '../config/target.ts'
import { DbtOidcError, fail } from '../errors.ts'
import { failureLines } from '../report/failure.ts'
import { trustDocuments, trustRequest } from '../trust/request.ts'
import type { TrustFormat } from '../trust.ts'
import { refuseOpen, type Asked } from '../trust/strict.ts'
import { refuseShared, together, type Made } from '../trust/together.ts'
import { coloured } from './colour.ts'
import { EXIT } from './exit.ts'
import { writeAll } from './out.ts'
import { chosen } from './targets.ts'
import { shown } from './titled.ts'
import { printBeside, printDocument, printJson } from './print.ts'
import { withoutTokens } from './without-tokens.ts'

/** How the documents are wanted. */
export interface Printing {
  readonly target?: string
  readonly json?: boolean
  readonly out?: string
  readonly format?: TrustFormat
  /** Whether conditions that the action alone checks are a failure. */
  readonly strict?: boolean
}

/** Prints or writes the trust of the targets, each document ready to be pasted as it is. */
export async function printTrust(config: Config, printing: Printing, facts?: RepositoryFacts): Promise<void> {
  if (printing.out !== undefined && printing.json)
    fail({
      code: 'usage',
      problem: '--json prints to the terminal, and --out writes files to be pasted as they are.',
      remedy: 'Give one of the two; `trust --json > FILE` writes the JSON into a file.',
    })
  const targets = chosen(config, printing.target)
  const all = await documentsFor(config, targets, { facts, format: printing.format })
  for (const warning of config.warnings) printBeside(`! ${warning}`)
  if (printing.strict) {
    const every = await asked(withIds(config, facts), targets, { facts, format: printing.format })
    if (!isHeld(every, printing.target)) return
  }
  if (all.length > 0) for (const line of ungranted(config, targets)) printBeside(line)
  if (printing.out !== undefined) {
    const names = targets.map(({ name }) => name)
    return writeAll(all, printing.target === undefined ? undefined : names, printing.out)
  }
  if (printing.json) return printJson(all.map(told))
  printDocument(
    all.length === 0
      ? nothing(config, targets)
      : all.map((one) => shown(one, process.stdout.isTTY)).join('\n\n'),
  )
}

/** Whether the other side compares all that it should. That it does not is an answer, and no failure to give one. */
function isHeld(every: readonly Asked[], target: string | undefined): boolean {
  try {
    refuseOpen(every, target)
    return true
  } catch (error) {
    if (!(error instanceof DbtOidcError)) throw error
    const lines = failureLines(error, { colour: coloured(process.stderr), scrub: withoutTokens })
    for (const line of lines) printBeside(line)
    process.exitCode = EXIT.no
    return false
  }
}

interface Wanted {
  readonly facts: RepositoryFacts | undefined
  readonly format: TrustFormat | undefined
}

async function documentsFor(
  config: Config,
  targets: readonly Target[],
  { facts, format }: Wanted,
): Promise<readonly Made[]> {
  const documents = async (target: Target): Promise<readonly Made[]> => {
    const all = await trustDocuments(withIds(config, facts), target, facts?.form, format)
    return all.map((document) => ({ targets: [target.name], ...document }))
  }
  const each = [...config.targets.values()].map((target) =>
    targets.includes(target) ? documents(target) : documents(target).catch(unlessRefused),
  )
  const made = (await Promise.all(each)).flat()
  // Whoever pastes for one target must not undo what stands for another, be it by a file that lacks the other's part.
  refuseShared(made)
  return together(neededFor(targets, made))
}

/** Each target by itself, with its grants. */
function asked(
  config: Config,
  targets: readonly Target[],
  { facts, format }: Wanted,
): Promise<readonly Asked[]> {
  const each = targets.map(async (target) => ({
    target: target.name,
    rules: trustRequest(config, target, facts?.form).rules,
    documents: await trustDocuments(config, target, facts?.form, format),
  }))
  return Promise.all(each)
}

/** The documents of the targets, and those of others that go into the same files. */
function neededFor(targets: readonly Target[], made: readonly Made[]): readonly Made[] {
  const wanted = made.filter((one) => targets.some(({ name }) => one.targets.includes(name)))
  const files = new Set(wanted.filter(({ file }) => file !== undefined).map(placeOf))
  return made.filter((one) => wanted.includes(one) || files.has(placeOf(one)))
}

function placeOf({ file }: Made): string {
  return JSON.stringify([file?.host, file?.path])
}

/** What cannot be written for another target cannot be pasted for it either. */
function unlessRefused(error: unknown): readonly Made[] {
  if (error instanceof DbtOidcError) return []
  throw error
}

function told({ targets, title, language, text, heldThere, checkedHere }: Made): Made {
  return { targets, title, language, text, heldThere, checkedHere }
}

/** The ids that GitHub told, in every grant that pins none: the trust may be stricter than the policy, never wider. */
function withIds(config: Config, facts: RepositoryFacts | undefined): Config {
  if (!facts) return config
  const ids = [
    ['repository_id', [facts.id]],
    ['repository_owner_id', [facts.ownerId]],
  ] as const
  const grants = config.grants.map((grant) => ({ ...grant, when: new Map([...ids, ...grant.when]) }))
  return { ...config, grants }
}

function nothing(config: Config, targets: readonly Target[]): string {
  const idle = targets.filter(({ name }) => isGranted(config, name))
  const names = idle.map(({ name, warehouse, via }) => `${name} (${warehouse.title} via ${via})`)
  return [
    ...(names.length === 0
      ? []
      : [`# Nothing to paste for ${names.join(', ')}: nobody but this action has to trust the token.`]),
    ...ungranted(config, targets).map((line) => `# ${line}`),
  ].join('\n')
}

function ungranted(config: Config, targets: readonly Target[]): readonly string[] {
  const names = targets.map(({ name }) => name).filter((name) => !isGranted(config, name))
  return names.map(
    (name) => `Nothing to paste for ${name}: no grant names this target, so no run can use it.`,
  )
}

function isGranted({ grants, elsewhere }: Config, name: string): boolean {
  return [...grants, ...elsewhere].some(({ target }) => target === name)
}
