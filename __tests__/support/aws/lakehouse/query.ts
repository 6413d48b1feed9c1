import type { Session } from '../account.ts'
import type { Buckets } from '../s3.ts'
import type { Catalog } from './catalog.ts'
import { SqlError, type Answered, type Engine, type Relation } from './engine.ts'

/** Of what a query is made. */
export interface Parts {
  readonly catalog: Catalog
  readonly buckets: Buckets
  readonly engine: Engine
}

/** What a statement needs in the catalog, by its kind. */
const NEEDS: Readonly<Record<string, string>> = {
  'create schema': 'CreateDatabase',
  'create external table': 'CreateTable',
  'create table': 'CreateTable',
  'create view': 'CreateTable',
  'drop table': 'DeleteTable',
  'drop view': 'DeleteTable',
  alter: 'UpdateTable',
  use: 'GetDatabase',
}

/** Runs a statement, if the catalog and S3 let the session do all that it takes. */
export async function answer(parts: Parts, session: Session, sql: string): Promise<Answered> {
  const { catalog, buckets, engine } = parts
  const plan = await engine.plan(sql)
  for (const read of plan.reads) readable(parts, session, read)
  const needed = NEEDS[plan.kind]
  if (plan.of && needed === undefined) throw new SqlError(`${plan.kind} is not known here`)
  if (plan.of && needed !== undefined) catalog.demand(session, needed, plan.of)
  const external = plan.kind === 'create external table'
  const files = external ? filesOf(parts, session, plan.location ?? '') : []
  if (plan.kind === 'create table') reach(parts, session, 's3:PutObject', plan.location ?? '')
  // A table that was taken away by the catalog's own API is still there for the engine.
  if (plan.kind.startsWith('create') && plan.of?.name && !catalog.tableOf(plan.of))
    await forget(engine, plan.of)
  const done = await engine.run(sql, files)
  if (done.parquet !== undefined)
    buckets.objects.set(keyOf(`${plan.location}/part-0.parquet`), Buffer.from(done.parquet, 'base64'))
  catalog.keep(done)
  return done
}

async function forget(engine: Engine, { schema, name }: Relation): Promise<void> {
  for (const kind of ['view', 'table'])
    await engine.run(`drop ${kind} if exists \`${schema}\`.\`${name}\``).catch((error: unknown) => {
      // Of a name that the other kind has.
      if (!(error instanceof SqlError)) throw error
    })
}

/** To read a relation is to ask the catalog for it, and S3 for its files; a view has none. */
function readable(parts: Parts, session: Session, of: Relation): void {
  const { catalog } = parts
  catalog.demand(session, 'GetTable', of)
  const location = catalog.tableOf(of)?.StorageDescriptor.Location
  if (location !== undefined) reach(parts, session, 's3:GetObject', location)
}

/** The files are reached with the rights of the role; for a user with those that Lake Formation or S3 Access Grants lend, which is nothing that is known here. */
function reach({ buckets }: Parts, session: Session, action: string, location: string): void {
  if (session.user === undefined) buckets.demand(session, action, keyOf(`${location}/part`))
}

function filesOf(parts: Parts, session: Session, location: string): string[] {
  const key = keyOf(location)
  reach(parts, session, 's3:GetObject', location)
  return [...parts.buckets.objects]
    .filter(([name]) => name.startsWith(key))
    .map(([, file]) => file.toString())
}

/** `bucket/key` of `s3://bucket/key`. */
function keyOf(location: string): string {
  return location
    .replace(/^s3:\/\//, '')
    .replaceAll(/\/+/g, '/')
    .replace(/\/$/, '')
}
