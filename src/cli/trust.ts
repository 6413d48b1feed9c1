import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { Config } from '../config.ts'
import type { RepositoryFacts } from './github.ts'
import type { Target } from '../config/target.ts'
import { fail } from '../errors.ts'
import { nearest } from '../nearest.ts'
import { trustDocuments } from '../trust/request.ts'
import type { TrustDocument } from '../trust.ts'

/** How the documents are wanted. */
export interface Printing {
  readonly target?: string
  readonly json?: boolean
  readonly out?: string
}

interface Made extends TrustDocument {
  readonly target: string
}

/** Prints or writes the trust of the targets, each document ready to be pasted as it is. */
export async function printTrust(config: Config, printing: Printing, facts?: RepositoryFacts): Promise<void> {
  const targets = chosen(config, printing.target)
  const made = targets.flatMap((target) =>
    trustDocuments(withIds(config, facts), target, facts?.form).map((document): Made => ({
      target: target.name,
      ...document,
    })),
  )
  if (printing.out !== undefined) return writeAll(made, printing.out)
  if (printing.json) return print(JSON.stringify(made, null, 2))
  print(made.length === 0 ? nothing(targets) : made.map(({ text }) => text).join('\n\n'))
}

function chosen(config: Config, name: string | undefined): readonly Target[] {
  if (name === undefined) return [...config.targets.values()]
  const target = config.targets.get(name)
  if (target) return [target]
  const known = [...config.targets.keys()]
  const near = nearest(name, known)
  return fail({
    code: 'configuration',
    problem: `There is no target ${name}${near === undefined ? '.' : `; did you mean ${near}?`}`,
    remedy: `${config.origin} has: ${known.join(', ')}.`,
  })
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

function nothing(targets: readonly Target[]): string {
  const names = targets.map(({ name, warehouse, via }) => `${name} (${warehouse.title} via ${via})`)
  return `# Nothing to paste for ${names.join(', ')}: nobody but this action has to trust the token.`
}

const ENDINGS = { sql: 'sql', sh: 'sh', json: 'json', hcl: 'tf', properties: 'properties' } as const

async function writeAll(made: readonly Made[], directory: string): Promise<void> {
  await mkdir(directory, { recursive: true })
  for (const [at, { target, language, text }] of made.entries()) {
    const path = join(directory, `${target}-${at + 1}.${ENDINGS[language]}`)
    await writeFile(path, `${text}\n`)
    print(path)
  }
}

function print(text: string): void {
  process.stdout.write(`${text}\n`)
}
