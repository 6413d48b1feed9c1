import { spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { HCL } from '../../../scripts/hcl.ts'
import { trustPython } from '../python.ts'

const JUDGE = join(import.meta.dirname, 'judge.py')

/** Answers are longer than what a child may say of itself. */
const BIG = { encoding: 'utf8', maxBuffer: 1 << 28 } as const

/** A document for a parser of somebody else's. */
export type Question =
  | { readonly kind: 'sql'; readonly dialect: string; readonly text: string }
  | { readonly kind: 'sh' | 'iam'; readonly text: string }

/** A word of a statement: what it is, and its text. */
export type Token = readonly [kind: string, text: string]

const answer = z.array(z.object({ error: z.optional(z.string()), found: z.optional(z.array(z.unknown())) }))
const tokens = z.array(z.array(z.tuple([z.string(), z.string()])))

/** What sqlglot, shellcheck and parliament find; throws where one of them cannot read a document at all. */
export function judged(questions: readonly Question[]): readonly (readonly unknown[])[] {
  const asked = JSON.stringify(questions)
  const { stdout, stderr, status } = spawnSync(trustPython(), [JUDGE], { ...BIG, input: asked })
  if (status !== 0) throw new Error(stderr)
  return answer.parse(JSON.parse(stdout)).map(({ error, found = [] }, at) => {
    if (error !== undefined) throw new Error(`${error}\n${questions[at]?.text}`)
    return found
  })
}

/** The statements of SQL documents, each as sqlglot splits it into words. */
export function statementsOf(
  documents: readonly { readonly dialect: string; readonly text: string }[],
): readonly (readonly (readonly Token[])[])[] {
  return judged(documents.map((one) => ({ kind: 'sql', ...one }))).map((one) => tokens.parse(one))
}

/** A block of Terraform: references are `{ ref }`, calls of jsonencode `{ json }`. */
export interface HclBlock {
  readonly type: string
  readonly labels: readonly string[]
  readonly attributes: Readonly<Record<string, unknown>>
  readonly blocks: readonly HclBlock[]
}

const hclBlock: z.ZodMiniType<HclBlock> = z.object({
  type: z.string(),
  labels: z.array(z.string()),
  attributes: z.record(z.string(), z.unknown()),
  blocks: z.array(z.lazy(() => hclBlock)),
})
const readings = z.array(
  z.object({
    error: z.optional(z.string()),
    formatted: z.boolean(),
    blocks: z.nullable(z.array(hclBlock)),
  }),
)

/** Texts as HashiCorp's own parser reads them; throws where it does not, or where a text of ours became a template. */
export function terraformOf(
  texts: readonly string[],
): readonly { readonly formatted: boolean; readonly blocks: readonly HclBlock[] }[] {
  if (!existsSync(HCL))
    throw new Error('There is no reader of Terraform: run `npm run test:servers`, which builds it.')
  const { stdout, stderr, status } = spawnSync(HCL, { ...BIG, input: JSON.stringify(texts) })
  if (status !== 0) throw new Error(stderr)
  return readings.parse(JSON.parse(stdout)).map(({ error, formatted, blocks }, at) => {
    if (error !== undefined) throw new Error(`${error}\n${texts[at]}`)
    return { formatted, blocks: blocks ?? [] }
  })
}

/** The dialect in which a warehouse speaks, as sqlglot calls it. */
export function dialectOf(name: string): string {
  const warehouse = name.replace(/-.*$/, '')
  return { sqlserver: 'tsql', synapse: 'tsql', fabric: 'tsql', other: 'postgres' }[warehouse] ?? warehouse
}
