import type { Behaviour } from '../../__tests__/support/dbt-stub.ts'
import type { Taken } from './step.ts'

/** How much is measured: the whole bar, or as much as a gate has time for. */
export type Form = 'long' | 'short'

/** What the action must bear. */
export interface Volume {
  readonly name: string
  /** What is smaller in the short form, in bytes. */
  readonly bytes?: Readonly<Record<Form, number>>
  readonly behaviour: (bytes: number) => Behaviour
  /** Seconds and MB, at most. */
  readonly seconds: number
  readonly megabytes: number
  readonly exitCode: number
  /** The seconds are those after dbt: it is the reading that is measured, not the writing of the test. */
  readonly reading?: true
  /** What must hold besides. */
  readonly holds?: (taken: Taken, bytes: number) => boolean
}

/** Bytes in a megabyte. */
export const MB = 1_000_000
const LINE = `${'the quick brown fox jumps over the lazy dog and back again '.repeat(2).trim()}\n`
/** What GitHub shows of a summary at most, less room for what other steps say. */
const SUMMARY = 1_000_000

/** The volumes of the bar. */
export const VOLUMES: readonly Volume[] = [
  {
    name: '1 GB of output in lines',
    bytes: { long: 1000 * MB, short: 200 * MB },
    behaviour: (bytes) => ({ repeat: Array.from({ length: 50 }, () => times(LINE, bytes / 50)) }),
    seconds: 60,
    megabytes: 200,
    exitCode: 0,
    holds: ({ printed }, bytes) => printed >= bytes,
  },
  {
    name: 'one line of 50 MB',
    behaviour: () => ({ repeat: [times('x', 50 * MB)], stdout: '\n' }),
    seconds: 2,
    megabytes: 200,
    exitCode: 0,
  },
  {
    name: 'run_results.json of 50,000 nodes',
    behaviour: () => ({ run_results: runResults(50_000, 'success') }),
    reading: true,
    seconds: 3,
    megabytes: 600,
    exitCode: 0,
    holds: ({ summary }) => summary > 0 && summary <= SUMMARY,
  },
  {
    name: '50,000 failures: the summary is cut',
    behaviour: () => ({ run_results: runResults(50_000, 'error'), exit: 1 }),
    reading: true,
    seconds: 3,
    megabytes: 600,
    exitCode: 1,
    holds: ({ summary }) => summary > 10_000 && summary <= SUMMARY,
  },
  {
    name: 'a manifest.json of 300 MB',
    behaviour: () => ({
      run_results: runResults(100, 'success'),
      manifest: { padding: 'x'.repeat(300 * MB) },
    }),
    reading: true,
    seconds: 30,
    megabytes: 600,
    exitCode: 0,
  },
]

function times(text: string, bytes: number): { readonly text: string; readonly times: number } {
  return { text, times: Math.ceil(bytes / text.length) }
}

function runResults(nodes: number, status: string): Readonly<Record<string, unknown>> {
  const message = `Database Error in model m: ${'relation does not exist '.repeat(20)}`
  return {
    metadata: { dbt_version: '1.12.6' },
    elapsed_time: 100,
    results: Array.from({ length: nodes }, (_, at) => ({
      status,
      unique_id: `model.shop.m${at}`,
      thread_id: `Thread-${(at % 8) + 1}`,
      execution_time: at / 1000,
      message: status === 'success' ? 'OK' : message,
      adapter_response: { _message: 'OK', code: 'INSERT', rows_affected: at, query_id: `01b2-${at}` },
      compiled_code: 'select 1 '.repeat(60),
      timing: [
        { name: 'compile', started_at: '2026-11-30T10:00:00.000Z', completed_at: '2026-11-30T10:00:01.000Z' },
        { name: 'execute', started_at: '2026-11-30T10:00:01.000Z', completed_at: '2026-11-30T10:00:02.000Z' },
      ],
    })),
  }
}
