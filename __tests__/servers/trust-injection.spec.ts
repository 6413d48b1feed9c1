import { spawnSync } from 'node:child_process'
import { chmodSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, describe, expect, test } from '@jest/globals'
import { array, constantFrom, record, sample } from 'fast-check'
import { DbtOidcError } from '../../src/errors.ts'
import type { TrustDocument, TrustFormat } from '../../src/trust.ts'
import { dialectOf, statementsOf, terraformOf, type HclBlock } from '../support/trust/judges.ts'
import { FORMATS, GRANT, WAYS, type Asked, type Way } from '../support/trust/ways.ts'
import { runs } from '../support/runs.ts'

/** What somebody would write who wants more than a name; some would leave a file behind if a shell ran them. */
const PIECES = [
  ...'\' " ` ; $ { } ${ %{ $${ # -- && | ^ ? ( ) ~ < a Z9 é 日本 🙂 %3A'.split(' '),
  ' ',
  '\n',
  '\t',
  '\\',
  '\u202e',
  '\u2028',
  '\0',
  '\r\n',
  '\\"',
  '$(echo > pwned)',
  '`echo > pwned`',
  "'; echo > pwned; '",
  '"; echo > pwned; "',
  '${file("x")}',
  '%{ if true }x%{ endif }',
  "'; DROP USER X; --",
  '"; DROP USER X; --',
  "' OR 1=1",
  'VAULT_END',
  'VAULT_END\necho > pwned\n',
]

/** Where a name of GitHub gets into a trust. */
const SLOTS = {
  environment: (name: string): Asked => ({ grants: [{ ...GRANT, environment: name }] }),
  branch: (name: string): Asked => {
    const { environment: _environment, ...byRef } = GRANT
    return { grants: [{ ...byRef, ref: `refs/heads/${name}` }] }
  },
  repository: (name: string): Asked => ({ grants: [{ ...GRANT, repository: `acme/${name}` }] }),
  owner: (name: string): Asked => ({ grants: [{ ...GRANT, repository: `${name}/dbt` }] }),
  workflow: (name: string): Asked => ({
    grants: [{ ...GRANT, job_workflow_ref: `acme/dbt/.github/workflows/${name}.yml@refs/heads/main` }],
  }),
  target: (name: string): Asked => ({ target: name }),
} as const

interface Attack {
  readonly way: Way
  readonly format: TrustFormat
  readonly slot: keyof typeof SLOTS
  readonly name: string
}

const ATTACKS: readonly Attack[] = sample(
  record({
    way: constantFrom(...WAYS),
    format: constantFrom(...FORMATS),
    slot: constantFrom(...(Object.keys(SLOTS) as (keyof typeof SLOTS)[])),
    name: array(constantFrom(...PIECES), { minLength: 1, maxLength: 5 }).map(
      (pieces) => `x${pieces.join('')}`,
    ),
  }),
  { numRuns: runs(1500), seed: 20_261_124 },
)

/** A document with a name that wants more, beside the same one with a name that wants nothing. */
interface Pair {
  readonly attack: Attack
  readonly hostile: TrustDocument
  readonly tame: TrustDocument
}

async function written(
  { way, format, slot }: Attack,
  name: string,
): Promise<readonly TrustDocument[] | undefined> {
  try {
    return await way.documents(format, SLOTS[slot](name))
  } catch (error) {
    if (error instanceof DbtOidcError && error.code === 'configuration') return undefined
    throw error
  }
}

const OUTCOMES = await Promise.all(
  ATTACKS.map(async (attack) => ({
    attack,
    documents: await written(attack, attack.name),
    tame: (await written(attack, 'xname')) ?? [],
  })),
)

const PAIRS: readonly Pair[] = OUTCOMES.flatMap(({ attack, documents = [], tame }) => {
  return documents.map((hostile, at) => {
    const beside = tame[at]
    if (!beside || tame.length !== documents.length) throw new Error(`${told(attack)}: other documents`)
    return { attack, hostile, tame: beside }
  })
})

const of = (language: TrustDocument['language']): readonly Pair[] =>
  PAIRS.filter(({ hostile }) => hostile.language === language)

function told({ way, format, slot, name }: Attack): string {
  return `${way.name} as ${format}, ${slot} ${JSON.stringify(name)}`
}

/** The cases in which what is found of the two differs. */
function different(
  pairs: readonly Pair[],
  found: (document: TrustDocument, pair: Pair) => unknown,
): readonly string[] {
  return pairs
    .filter((pair) => JSON.stringify(found(pair.hostile, pair)) !== JSON.stringify(found(pair.tame, pair)))
    .map(({ attack }) => told(attack))
}

/** A value without its texts. */
function shape(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shape)
  if (typeof value !== 'object' || value === null) return typeof value
  return Object.entries(value).map(([key, one]) => [key, shape(one)])
}

describe('names that want more', () => {
  test('are refused or written, and there are many of both', () => {
    const refused = OUTCOMES.filter(({ documents }) => !documents).length
    expect(refused).toBeGreaterThan(100)
    expect(OUTCOMES.length - refused).toBeGreaterThan(100)
    for (const language of ['hcl', 'sql', 'sh', 'json'] as const)
      expect(of(language).length).toBeGreaterThan(30)
  })

  test('start no line of their own, in no language', () => {
    expect(different(of('properties'), ({ text }) => text.split(/\r|\n/).length)).toEqual([])
    for (const { attack, hostile } of PAIRS)
      expect([told(attack), /[\r\0\u2028\u202e]/.test(hostile.text)]).toEqual([told(attack), false])
  })

  test('are nothing but texts in Terraform', () => {
    const pairs = of('hcl')
    const read = (which: (pair: Pair) => TrustDocument): readonly unknown[] =>
      terraformOf(pairs.map((pair) => which(pair).text)).map(({ blocks }) => blocks.map(shapeOf))
    const [hostile, tame] = [read((pair) => pair.hostile), read((pair) => pair.tame)]
    const odd = pairs.filter((_pair, at) => JSON.stringify(hostile[at]) !== JSON.stringify(tame[at]))
    expect(odd.map(({ attack }) => told(attack))).toEqual([])
  })

  test('are nothing but words of a statement in SQL', () => {
    const pairs = of('sql')
    const read = (which: (pair: Pair) => TrustDocument): readonly unknown[] =>
      statementsOf(
        pairs.map((pair) => ({ dialect: dialectOf(pair.attack.way.name), text: which(pair).text })),
      ).map((statements) => statements.map((tokens) => tokens.map(([kind]) => kind)))
    const [hostile, tame] = [read((pair) => pair.hostile), read((pair) => pair.tame)]
    const odd = pairs.filter((_pair, at) => JSON.stringify(hostile[at]) !== JSON.stringify(tame[at]))
    expect(odd.map(({ attack }) => told(attack))).toEqual([])
  })

  test('are nothing but texts in JSON', () => {
    expect(different(of('json'), ({ text }) => shape(JSON.parse(text)))).toEqual([])
  })

  test('are nothing but arguments of a command when a shell runs the document', () => {
    const bench = openBench()
    expect(different(of('sh'), ({ text }) => bench.run(text))).toEqual([])
    expect(bench.left()).toEqual([])
    // The bench is awake.
    bench.run('aws $(echo > pwned)')
    expect(bench.left()).toEqual(['pwned'])
  })
})

/** Labels are names that are made from others, so only how many there are is compared. */
function shapeOf({ type, labels, attributes, blocks }: HclBlock): unknown {
  return [type, labels[0], labels.length, shape(attributes), blocks.map(shapeOf)]
}

const TOOLS = ['aws', 'gcloud', 'az', 'databricks', 'vault', 'jq', 'gh']
const directories: string[] = []

afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

/** A real shell whose only commands write down how they were called. */
function openBench() {
  const directory = mkdtempSync(join(tmpdir(), 'trust-shell-'))
  directories.push(directory)
  const [tools, place, log] = [join(directory, 'tools'), join(directory, 'place'), join(directory, 'log')]
  mkdirSync(tools)
  mkdirSync(place)
  for (const tool of TOOLS) {
    writeFileSync(join(tools, tool), '#!/bin/sh\necho "${0##*/} $#" >> "$TRUST_LOG"\necho 7\n')
    chmodSync(join(tools, tool), 0o755)
  }
  const called = (text: string): unknown => {
    writeFileSync(log, '')
    const env = { PATH: tools, TRUST_LOG: log }
    const { status, stderr } = spawnSync('/bin/sh', ['-eu'], {
      input: `${text}\n`,
      cwd: place,
      env,
      encoding: 'utf8',
    })
    // The two ends of a pipe write in any order.
    return [status, stderr.length > 0, readFileSync(log, 'utf8').split('\n').toSorted()]
  }
  const known = new Map<string, unknown>()
  return {
    /** The commands of a text, each with the number of its arguments; what has run once does the same again. */
    run(text: string): unknown {
      if (!known.has(text)) known.set(text, called(text))
      return known.get(text)
    },
    left: (): readonly string[] => readdirSync(place),
  }
}
