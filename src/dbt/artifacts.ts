import { readFile, stat } from 'node:fs/promises'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { failed, type Artifacts, type NodeResult } from './result.ts'
import { sourceLine } from './source-line.ts'

/** Reads what the commands of a run leave behind, each invocation once. */
export interface ArtifactReader {
  /** What the command that has just ended wrote; null where it wrote nothing of its own. */
  next(): Promise<Artifacts | null>
}

// JSON of this size needs some six times as much memory; a manifest beyond it costs only the names of files.
export const LIMIT = 192 * 1024 * 1024

// Freshness checks write the second one, in nearly the same shape.
const RESULTS = ['run_results.json', 'sources.json'] as const

const nullable = <T extends z.ZodMiniType>(type: T): z.ZodMiniOptional<z.ZodMiniNullable<T>> =>
  z.optional(z.nullable(type))

const metadata = z.object({
  invocation_id: z.string(),
  dbt_version: z.optional(z.string()),
  generated_at: z.optional(z.string()),
})

const result = z.object({
  unique_id: z.string(),
  status: z.string(),
  message: nullable(z.string()),
  error: nullable(z.string()),
  failures: nullable(z.number()),
  execution_time: z._default(z.number(), 0),
  thread_id: z._default(z.string(), ''),
  timing: z._default(
    z.array(z.object({ started_at: nullable(z.string()), completed_at: nullable(z.string()) })),
    [],
  ),
  relation_name: nullable(z.string()),
  adapter_response: nullable(z.record(z.string(), z.unknown())),
  max_loaded_at_time_ago_in_s: nullable(z.number()),
  compiled_code: nullable(z.string()),
})

const resultsFile = z.object({
  metadata,
  elapsed_time: z.optional(z.number()),
  results: z.array(z.unknown()),
})

const known = z.object({
  name: z.optional(z.string()),
  original_file_path: z.optional(z.string()),
  raw_code: z.optional(z.string()),
  compiled_code: nullable(z.string()),
})
const section = z.optional(z.record(z.string(), z.unknown()))
const manifestFile = z.object({
  metadata,
  nodes: section,
  sources: section,
  unit_tests: section,
})

type Result = z.infer<typeof result>
type Manifest = z.infer<typeof manifestFile>

/** Takes secrets, and what could hide them, out of a text. */
export type Clean = (text: string) => string

/**
 * Opens `target/` before the first command: what lies there already belongs to somebody else. Every text passes `clean`
 * here, while it is whole: cut short or escaped, a secret in it would no longer be known for one.
 */
export async function openArtifacts(targetPath: string, clean: Clean): Promise<ArtifactReader> {
  const seen = new Set<string>()
  const fresh = async (): Promise<z.infer<typeof resultsFile> | undefined> => {
    let newest: z.infer<typeof resultsFile> | undefined
    for (const name of RESULTS) {
      const parsed = resultsFile.safeParse(await readJson(join(targetPath, name)))
      if (!parsed.success || seen.has(parsed.data.metadata.invocation_id)) continue
      seen.add(parsed.data.metadata.invocation_id)
      newest ??= parsed.data
    }
    return newest
  }
  await fresh()
  return {
    async next() {
      const found = await fresh()
      if (!found) return null
      const manifest = manifestFile.safeParse(await readJson(join(targetPath, 'manifest.json')))
      // A manifest of another invocation may describe other files.
      const own = manifest.success && manifest.data.metadata.invocation_id === found.metadata.invocation_id
      return joined(found, own ? manifest.data : undefined, clean)
    },
  }
}

async function readJson(path: string): Promise<unknown> {
  try {
    const found = await stat(path)
    // A pipe put there would hold us for ever.
    if (!found.isFile() || found.size > LIMIT) return undefined
    return JSON.parse(await readFile(path, 'utf8')) as unknown
  } catch {
    // Missing, or cut short because dbt was killed while writing it.
    return undefined
  }
}

function joined(file: z.infer<typeof resultsFile>, manifest: Manifest | undefined, clean: Clean): Artifacts {
  return {
    invocationId: clean(file.metadata.invocation_id),
    dbtVersion: clean(file.metadata.dbt_version ?? ''),
    generatedAt: clean(file.metadata.generated_at ?? ''),
    elapsed: file.elapsed_time ?? 0,
    // One entry of an unknown shape must not hide the others.
    nodes: file.results.flatMap((entry) => {
      const parsed = result.safeParse(entry)
      return parsed.success ? [cleaned(nodeOf(parsed.data, manifest), clean)] : []
    }),
  }
}

function nodeOf(found: Result, manifest: Manifest | undefined): NodeResult {
  const [resourceType = '', , name = found.unique_id] = found.unique_id.split('.')
  const entry = lookUp(found.unique_id, manifest)
  return {
    uniqueId: found.unique_id,
    resourceType,
    name: entry.name ?? name,
    status: found.status,
    message: found.message ?? found.error ?? null,
    failures: found.failures ?? null,
    seconds: found.execution_time,
    thread: found.thread_id,
    ...times(found.timing),
    file: entry.original_file_path?.replaceAll('\\', '/') ?? null,
    relation: found.relation_name ?? null,
    adapterResponse: found.adapter_response ?? {},
    ...ageOf(found),
    ...lineOf(found, entry),
  }
}

function ageOf({ max_loaded_at_time_ago_in_s: age }: Result): Pick<NodeResult, 'age'> {
  return typeof age === 'number' ? { age } : {}
}

/** The code of a generic test is that of its macro, and its file the YAML that asks for it: they share no line. */
function lineOf(found: Result, entry: z.infer<typeof known>): Pick<NodeResult, 'line'> {
  const { original_file_path: file = '', raw_code: raw } = entry
  const compiled = found.compiled_code ?? entry.compiled_code
  if (!failed(found) || !compiled || raw === undefined || !/\.(?:sql|py)$/i.test(file)) return {}
  const line = sourceLine({ message: found.message ?? '', raw, compiled })
  return line === undefined ? {} : { line }
}

function cleaned(node: NodeResult, clean: Clean): NodeResult {
  const orNull = (text: string | null): string | null => (text === null ? null : clean(text))
  return {
    ...node,
    uniqueId: clean(node.uniqueId),
    resourceType: clean(node.resourceType),
    name: clean(node.name),
    status: clean(node.status),
    message: orNull(node.message),
    thread: clean(node.thread),
    file: orNull(node.file),
    relation: orNull(node.relation),
    adapterResponse: Object.fromEntries(
      Object.entries(node.adapterResponse).map(([key, value]) => [
        key,
        typeof value === 'string' ? clean(value) : value,
      ]),
    ),
  }
}

function times(timing: Result['timing']): Pick<NodeResult, 'startedAt' | 'completedAt'> {
  return {
    startedAt: timing.find((part) => part.started_at)?.started_at ?? null,
    completedAt: timing.findLast((part) => part.completed_at)?.completed_at ?? null,
  }
}

function lookUp(id: string, manifest: Manifest | undefined): z.infer<typeof known> {
  const places = [manifest?.nodes, manifest?.sources, manifest?.unit_tests]
  const place = places.find((each) => each !== undefined && Object.hasOwn(each, id))
  const parsed = known.safeParse(place?.[id])
  return parsed.success ? parsed.data : {}
}
