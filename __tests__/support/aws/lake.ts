import { cpSync, mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runChild } from '../child.ts'
import type { Lived } from '../lives.ts'
import { sha256 } from '../snowflake/identity.ts'
import type { StepOptions, StepResult } from '../step.ts'
import { apply } from './account.ts'
import { startS3, type S3 } from './s3.ts'
import { ACCOUNT, openSite, REGION, ROLE, serversBin, type Site } from './site.ts'

/** A bucket for a role, and a DuckDB that has what it would download. */
export interface Lake extends AsyncDisposable {
  readonly site: Site
  readonly s3: S3
  /** Seconds that keys live from now on; undefined: as long as was asked for. */
  live(seconds: number | undefined): void
  /** Lets the account know what the configuration of these inputs asks it to trust, and nothing else. */
  trust(more?: Inputs): Promise<void>
  inputs(more?: Inputs): Record<string, string>
  step(more?: Inputs, options?: StepOptions): Promise<StepResult>
  /** Begins an account of what GitHub, the token service and S3 see from now on. */
  watch(): (life: number, audit: Lived['audit']) => Lived
  /** What nobody but the driver may see, by name. */
  secrets(): Record<string, string>
}

type Inputs = Readonly<Record<string, string>>

// What DuckDB would download by itself, put there by DuckDB from the packages.
const INSTALL = `
import duckdb, glob, sys
for file in glob.glob(sys.prefix + '/lib/python*/site-packages/duckdb_extension_*/**/*.duckdb_extension', recursive=True):
    duckdb.connect().execute(f"INSTALL '{file}'")
`

/** Where dbt is that writes to it. */
export const LAKE_BIN = serversBin('duckdb')

/** Opens an empty one. */
export async function openLake(): Promise<Lake> {
  const installed = mkdtempSync(join(tmpdir(), 'duckdb-'))
  const ended = await runChild([join(LAKE_BIN, 'python'), '-c', INSTALL], {
    cwd: '/',
    env: { HOME: installed },
  })
  if (ended.exitCode !== 0) throw new Error(ended.stderr)
  let life: number | undefined
  const site = await openSite(LAKE_BIN, { life: () => life })
  const s3 = await startS3(site.cloud, REGION)
  const inputs = (more: Inputs = {}): Record<string, string> => ({
    run: 'build',
    connection: JSON.stringify({
      type: 'duckdb',
      path: 'prod.duckdb',
      threads: 2,
      external_root: 's3://acme-lake/dbt',
      secrets: [{ type: 's3', endpoint: `127.0.0.1:${s3.port}`, use_ssl: false, url_style: 'path' }],
    }),
    identity: JSON.stringify({ via: 'aws', role: ROLE, region: REGION }),
    ref: 'refs/heads/main',
    ...more,
  })
  return {
    site,
    s3,
    inputs,
    live: (seconds) => void (life = seconds),
    async trust(more) {
      site.cloud.providers.clear()
      site.cloud.roles.clear()
      for (const { text } of await site.documents(inputs(more))) apply(site.cloud, text, ACCOUNT)
    },
    step: (more, { prepare, ...options } = {}) =>
      site.step(inputs(more), {
        ...options,
        prepare(scratch) {
          cpSync(installed, scratch.home, { recursive: true })
          prepare?.(scratch)
        },
      }),
    watch: () => watching(site, s3),
    secrets() {
      const sessions = [...site.cloud.sessions.values()]
      const keys = sessions.flatMap(({ secretAccessKey, sessionToken }) => [secretAccessKey, sessionToken])
      return Object.fromEntries(keys.map((key, at) => [`key ${at}`, key]))
    },
    async [Symbol.asyncDispose]() {
      await s3[Symbol.asyncDispose]()
      await site[Symbol.asyncDispose]()
      rmSync(installed, { recursive: true, force: true })
    },
  }
}

function watching({ cloud, issuer, sts }: Site, s3: S3): ReturnType<Lake['watch']> {
  const [calls, trades, minted] = [s3.calls.length, sts.calls.length, issuer.minted.length]
  return (life, audit) => ({
    life,
    audit,
    minted: issuer.minted.slice(minted),
    traded: sts.calls.slice(trades).map(({ form }) => sha256(form.get('WebIdentityToken') ?? '')),
    uses: s3.calls.slice(calls).map(({ accessKeyId: id, outcome, at }) => {
      const { openedAt = 0, expiresAt = 0 } = cloud.sessions.get(id) ?? {}
      return { id, bornAt: openedAt, endsAt: expiresAt, at, accepted: outcome === 'ok' }
    }),
  })
}
