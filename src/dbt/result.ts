import type { Failure } from '../errors.ts'

/** One node of run_results.json joined with manifest.json (run-results v6, manifest v12). */
export interface NodeResult {
  readonly uniqueId: string
  /** `model`, `test`, `seed`, `snapshot`, `source`, `unit_test`, `operation` ...: the first part of the unique id. */
  readonly resourceType: string
  readonly name: string
  /** dbt's own word: success, error, skipped, pass, fail, warn, partial success, no-op, reused, runtime error. */
  readonly status: string
  readonly message: string | null
  /** Failing rows of a test. */
  readonly failures: number | null
  readonly seconds: number
  readonly thread: string
  readonly startedAt: string | null
  readonly completedAt: string | null
  /** Relative to the project, from the manifest; null where the manifest does not know the node. */
  readonly file: string | null
  /** `database.schema.name` as dbt rendered it. */
  readonly relation: string | null
  readonly adapterResponse: Readonly<Record<string, unknown>>
  /** Of a failed node, the line of its file that the warehouse complained of, from 1; absent where nobody knows. */
  readonly line?: number
  /** Of a source whose freshness was asked for: seconds since it was loaded last. */
  readonly age?: number
}

/** What one invocation of dbt left behind in `target/`; null where it wrote none of its own. */
export interface Artifacts {
  readonly invocationId: string
  readonly dbtVersion: string
  readonly generatedAt: string
  readonly elapsed: number
  readonly nodes: readonly NodeResult[]
}

/** One line of `run`, after it ended. */
export interface LineResult {
  /** As shown: `dbt build --select tag:daily`. */
  readonly command: string
  /** Undefined when a signal ended it. */
  readonly exitCode: number | undefined
  readonly signal: NodeJS.Signals | undefined
  readonly seconds: number
  readonly artifacts: Artifacts | null
  /** Why it failed, where dbt itself ended it. */
  readonly failure?: Failure
}

/** All lines of `run`, in order; the first failure ends the list. */
export interface DbtResult {
  readonly lines: readonly LineResult[]
  readonly ok: boolean
}

/** Of several invocations the last word on each node, in the order of first appearance. */
export function mergedNodes(result: DbtResult): readonly NodeResult[] {
  const nodes = new Map<string, NodeResult>()
  for (const line of result.lines)
    for (const node of line.artifacts?.nodes ?? []) nodes.set(node.uniqueId, node)
  return [...nodes.values()]
}

const FAILED = new Set(['error', 'fail', 'runtime error', 'partial success'])

/** Whether dbt counts the node as a failure. */
export function failed(node: Pick<NodeResult, 'status'>): boolean {
  return FAILED.has(node.status)
}
