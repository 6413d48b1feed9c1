import type { Result } from './figures.ts'

/** A figure beside the one that it must not exceed. */
export interface Figure {
  readonly name: string
  readonly measured: string
  readonly bar: string
  readonly met: boolean
}

/** What a step may use of a peer's CPU time and memory. The least time counts: neighbours on a machine only ever add to it. */
export function judged(results: readonly Result[]): readonly Figure[] {
  return results.flatMap(({ title, cpu, ours, peer }) => {
    if (!peer || !cpu) return []
    const [ratio, more] = [ours.cpu.min / peer.cpu.min, ours.memory.median - peer.memory.median]
    return [
      {
        name: `${title}: CPU of ${peer.name}'s`,
        measured: ratio.toFixed(2),
        bar: `at most ${cpu.most}, better ${cpu.stretch}`,
        met: ratio <= cpu.most,
      },
      {
        name: `${title}: memory above ${peer.name}'s`,
        measured: `${more.toFixed(1)} MiB`,
        bar: 'none',
        met: more <= 0,
      },
    ]
  })
}
