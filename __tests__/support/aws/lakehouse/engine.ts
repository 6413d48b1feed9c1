import { join } from 'node:path'
import * as z from 'zod/mini'
import { serversPython } from '../../python.ts'
import { startEmulator } from '../../snowflake/emulator.ts'

const Named = z.object({ schema: z.string(), name: z.string() })
const Columns = z.array(z.object({ name: z.string(), type: z.string() }))

const Answer = z.object({
  kind: z.string(),
  /** What it makes or takes away; a schema has no name. */
  of: z.nullable(Named),
  location: z.nullable(z.string()),
  reads: z.array(Named),
  columns: z.optional(Columns),
  rows: z.optional(z.array(z.array(z.nullable(z.string())))),
  /** The table that was made, as a file. */
  parquet: z.optional(z.string()),
})

const Statements = z.object({ statements: z.array(z.string()) })

export type Answered = z.infer<typeof Answer>

/** A relation of a schema, or a schema. */
export type Relation = z.infer<typeof Named>

/** What runs the SQL of a lake, whoever asks. */
export interface Engine extends AsyncDisposable {
  /** What a statement would touch. */
  plan(sql: string): Promise<Answered>
  /** The SQL in a piece of PySpark. */
  statementsIn(code: string): Promise<readonly string[]>
  /** Runs it; an external table is made of these files. */
  run(sql: string, files?: readonly string[]): Promise<Answered>
}

/** A statement that the engine does not run, in its words. */
export class SqlError extends Error {}

/** Starts an empty one for SQL of this kind. */
export async function startEngine(dialect: 'athena' | 'spark'): Promise<Engine> {
  const engine = await startEmulator(serversPython(), join(import.meta.dirname, 'engine.py'))
  const ask = async (asked: object): Promise<unknown> => {
    const response = await fetch(`http://127.0.0.1:${engine.port}/`, {
      method: 'POST',
      body: JSON.stringify({ dialect, ...asked }),
    })
    const said: unknown = await response.json()
    if (response.ok) return said
    throw new SqlError(z.parse(z.object({ error: z.string() }), said).error)
  }
  return {
    plan: async (sql) => Answer.parse(await ask({ sql })),
    run: async (sql, files = []) => Answer.parse(await ask({ sql, files })),
    statementsIn: async (code) => z.parse(Statements, await ask({ code })).statements,
    [Symbol.asyncDispose]: () => engine[Symbol.asyncDispose](),
  }
}
