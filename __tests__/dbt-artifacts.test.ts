import { execFileSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, truncateSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from '@jest/globals'
import { openArtifacts } from '../src/dbt/artifacts.ts'
import { mergedNodes } from '../src/dbt/result.ts'

let target = ''
beforeEach(() => {
  target = mkdtempSync(join(tmpdir(), 'target-'))
})
afterEach(() => rmSync(target, { recursive: true, force: true }))

type Entry = Readonly<Record<string, unknown>>

function results(invocation: string, entries: readonly unknown[], file = 'run_results.json'): void {
  const metadata = { invocation_id: invocation, dbt_version: '1.12.6', generated_at: '2026-11-01T00:00:00Z' }
  writeFileSync(
    join(target, file),
    JSON.stringify({ metadata, results: entries, elapsed_time: 1.5, args: {} }),
  )
}

function manifest(invocation: string, nodes: Readonly<Record<string, Entry>>, more: Entry = {}): void {
  writeFileSync(
    join(target, 'manifest.json'),
    JSON.stringify({ metadata: { invocation_id: invocation }, nodes, ...more }),
  )
}

const MODEL = {
  unique_id: 'model.shop.orders',
  status: 'error',
  message: 'Database Error',
  failures: null,
  execution_time: 0.25,
  thread_id: 'Thread-1',
  timing: [
    { name: 'compile', started_at: 'T1', completed_at: 'T2' },
    { name: 'execute', started_at: 'T3', completed_at: 'T4' },
  ],
  relation_name: '"db"."s"."orders"',
  adapter_response: { query_id: 'q', rows_affected: 3 },
}

describe('artifacts', () => {
  test('of a freshness check tell how old each source is', async () => {
    const artifacts = await openArtifacts(target, String)
    results(
      'a',
      [{ unique_id: 'source.shop.raw.orders', status: 'warn', max_loaded_at_time_ago_in_s: 5400.5 }],
      'sources.json',
    )
    expect((await artifacts.next())?.nodes).toMatchObject([{ resourceType: 'source', age: 5400.5 }])
  })

  test.each([
    ['error', 'models/orders.sql', 2],
    ['success', 'models/orders.sql', undefined],
    ['fail', 'models/schema.yml', undefined],
  ])('of a node with %s in %s name the line of the source: %p', async (status, file, line) => {
    const artifacts = await openArtifacts(target, String)
    results('a', [
      {
        ...MODEL,
        status,
        message: "error line 3 at position 7\ninvalid identifier 'NOPE'",
        compiled_code: 'select\n  nope\nfrom db.s.raw',
      },
    ])
    manifest('a', {
      'model.shop.orders': { original_file_path: file, raw_code: "select\n  nope\nfrom {{ ref('raw') }}" },
    })
    expect((await artifacts.next())?.nodes[0]?.line).toBe(line)
  })

  test('hold no secret in what the adapter has reported', async () => {
    const artifacts = await openArtifacts(target, (text) => text.replaceAll('hunter2', '***'))
    results('a', [{ ...MODEL, adapter_response: { query_id: 'hunter2', rows_affected: 3 } }])
    expect((await artifacts.next())?.nodes[0]?.adapterResponse).toEqual({ query_id: '***', rows_affected: 3 })
  })

  test('are joined with the manifest of the same invocation', async () => {
    const artifacts = await openArtifacts(target, String)
    results('a', [MODEL, { unique_id: 'test.shop.not_null_x.abc123', status: 'fail', failures: 2 }])
    manifest('a', {
      'model.shop.orders': { name: 'orders', original_file_path: 'models\\marts\\orders.sql' },
      'test.shop.not_null_x.abc123': { name: 'not_null_x', original_file_path: 'models/schema.yml' },
    })
    expect(await artifacts.next()).toEqual({
      invocationId: 'a',
      dbtVersion: '1.12.6',
      generatedAt: '2026-11-01T00:00:00Z',
      elapsed: 1.5,
      nodes: [
        {
          uniqueId: 'model.shop.orders',
          resourceType: 'model',
          name: 'orders',
          status: 'error',
          message: 'Database Error',
          failures: null,
          seconds: 0.25,
          thread: 'Thread-1',
          startedAt: 'T1',
          completedAt: 'T4',
          file: 'models/marts/orders.sql',
          relation: '"db"."s"."orders"',
          adapterResponse: { query_id: 'q', rows_affected: 3 },
        },
        expect.objectContaining({
          name: 'not_null_x',
          resourceType: 'test',
          failures: 2,
          message: null,
          seconds: 0,
          file: 'models/schema.yml',
        }),
      ],
    })
  })

  test('that were there before the run belong to nobody, nor does a result twice', async () => {
    results('old', [MODEL])
    const artifacts = await openArtifacts(target, String)
    expect(await artifacts.next()).toBeNull()
    results('new', [MODEL])
    expect((await artifacts.next())?.invocationId).toBe('new')
    expect(await artifacts.next()).toBeNull()
    results('old', [MODEL])
    expect(await artifacts.next()).toBeNull()
  })

  test('have no files where the manifest is of another invocation', async () => {
    const artifacts = await openArtifacts(target, String)
    results('a', [MODEL])
    manifest('b', { 'model.shop.orders': { name: 'x', original_file_path: 'x.sql' } })
    expect((await artifacts.next())?.nodes).toEqual([expect.objectContaining({ name: 'orders', file: null })])
  })

  test('of a freshness check are results, too', async () => {
    const artifacts = await openArtifacts(target, String)
    results(
      'a',
      [{ unique_id: 'source.shop.raw.orders', status: 'runtime error', error: 'no such table' }],
      'sources.json',
    )
    manifest(
      'a',
      {},
      { sources: { 'source.shop.raw.orders': { name: 'orders', original_file_path: 'models/raw.yml' } } },
    )
    expect((await artifacts.next())?.nodes).toEqual([
      expect.objectContaining({
        name: 'orders',
        resourceType: 'source',
        message: 'no such table',
        file: 'models/raw.yml',
      }),
    ])
  })

  test('of an unknown shape hide nothing but themselves', async () => {
    const artifacts = await openArtifacts(target, String)
    results('a', [
      MODEL,
      null,
      'x',
      { unique_id: 3 },
      { unique_id: 'model.shop.b', status: 'success', timing: [], unknown: 1 },
    ])
    manifest('a', { 'model.shop.b': { name: 3 } })
    expect((await artifacts.next())?.nodes.map((node) => node.name)).toEqual(['orders', 'b'])
  })

  test.each([
    ['missing', undefined],
    ['empty', ''],
    ['cut short', '{"metadata": {"invocation_id": "a"}, "results": [{"uni'],
    ['no JSON', '<html>'],
    ['without metadata', '{"results": []}'],
    ['no object', '[]'],
  ])('that are %s are none', async (_, text) => {
    const artifacts = await openArtifacts(target, String)
    if (text !== undefined) writeFileSync(join(target, 'run_results.json'), text)
    expect(await artifacts.next()).toBeNull()
  })

  test.each(['constructor', '__proto__', 'toString'])('do not mistake %s for a node', async (name) => {
    const artifacts = await openArtifacts(target, String)
    results('a', [{ unique_id: name, status: 'success' }])
    manifest('a', {})
    expect((await artifacts.next())?.nodes).toEqual([
      expect.objectContaining({ uniqueId: name, name, file: null }),
    ])
  })

  test('lose only the files where the manifest is too large to be read', async () => {
    const artifacts = await openArtifacts(target, String)
    results('a', [MODEL])
    manifest('a', { 'model.shop.orders': { name: 'orders', original_file_path: 'x.sql' } })
    truncateSync(join(target, 'manifest.json'), 300 * 1024 * 1024)
    expect((await artifacts.next())?.nodes).toEqual([expect.objectContaining({ name: 'orders', file: null })])
  })

  test('may be no files: a pipe holds nobody up', async () => {
    execFileSync('mkfifo', [join(target, 'run_results.json')])
    mkdirSync(join(target, 'sources.json'))
    const artifacts = await openArtifacts(target, String)
    expect(await artifacts.next()).toBeNull()
  })

  test('of several commands have the last word on each node', async () => {
    const artifacts = await openArtifacts(target, String)
    results('a', [MODEL, { unique_id: 'model.shop.b', status: 'success' }])
    const first = await artifacts.next()
    results('b', [{ ...MODEL, status: 'success' }])
    const second = await artifacts.next()
    const line = { command: 'dbt build', exitCode: 0, signal: undefined, seconds: 1 }
    const nodes = mergedNodes({
      ok: true,
      lines: [
        { ...line, artifacts: first },
        { ...line, artifacts: second },
      ],
    })
    expect(nodes.map((node) => [node.name, node.status])).toEqual([
      ['orders', 'success'],
      ['b', 'success'],
    ])
  })
})
