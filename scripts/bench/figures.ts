import type { Contest, Contestant } from './contests.ts'
import { loadedBytes, measure, type Sample } from './measure.ts'
import type { World } from './world.ts'

/** The least and the middle of what was measured. */
export interface Spread {
  readonly min: number
  readonly median: number
}

/** What a contestant has used. */
export interface Used {
  readonly name: string
  readonly version: string
  /** Milliseconds. */
  readonly cpu: Spread
  /** Milliseconds. */
  readonly wall: Spread
  /** MiB. */
  readonly memory: Spread
  /** Bytes of the programs that it has loaded. */
  readonly bytes: number
  readonly requests: number
}

/** A contest with its figures. */
export interface Result extends Pick<Contest, 'title' | 'note' | 'cpu'> {
  readonly ours: Used
  readonly peer?: Used
}

/** Runs all contestants one after the other, round by round: a machine that slows down slows all of them. */
export async function compete(
  contests: readonly Contest[],
  world: World,
  rounds: number,
): Promise<readonly Result[]> {
  const all = contests.flatMap(({ ours, peer }) => (peer ? [ours, peer] : [ours]))
  const samples = new Map<Contestant, Sample[]>(all.map((one) => [one, []]))
  // The first round warms up and is not counted.
  for (let round = 0; round <= rounds; round += 1)
    for (const [one, taken] of samples) {
      const sample = await measure(one, world)
      if (round > 0) taken.push(sample)
    }
  const used = new Map<Contestant, Used>()
  for (const [one, taken] of samples)
    used.set(one, {
      name: one.name,
      version: one.version,
      cpu: spread(taken.map(({ cpu }) => cpu)),
      wall: spread(taken.map(({ wall }) => wall)),
      memory: spread(taken.map(({ memory }) => memory)),
      bytes: await loadedBytes(one, world),
      requests: Math.max(...taken.map(({ requests }) => requests)),
    })
  return contests.map(({ title, note, cpu, ours, peer }) => ({
    title,
    note,
    ...(cpu && { cpu }),
    ours: found(used, ours),
    ...(peer && { peer: found(used, peer) }),
  }))
}

function found(used: ReadonlyMap<Contestant, Used>, one: Contestant): Used {
  const its = used.get(one)
  if (!its) throw new Error(`${one.name} was not measured`)
  return its
}

/** Least and middle of some values. */
export function spread(values: readonly number[]): Spread {
  const sorted = values.toSorted((a, b) => a - b)
  return { min: sorted[0] ?? 0, median: sorted[Math.floor(sorted.length / 2)] ?? 0 }
}

/** All figures of some results as a table. */
export function table(results: readonly Result[]): string {
  const rows = results.flatMap(({ title, ours, peer }) => [
    row(title, ours),
    ...(peer ? [row('', peer), ratios(ours, peer)] : []),
  ])
  return [
    '| exchange | action | CPU ms | wall ms | memory MiB | loaded kB | requests |',
    '| --- | --- | --- | --- | --- | --- | --- |',
    ...rows,
  ].join('\n')
}

function row(title: string, { name, version, cpu, wall, memory, bytes, requests }: Used): string {
  const [loaded, whole] = [(bytes / 1000).toFixed(0), (value: number): string => value.toFixed(0)]
  const pair = ({ min, median }: Spread): string => `${whole(min)} / ${whole(median)}`
  return `| ${title} | ${name}${version && ` ${version}`} | ${pair(cpu)} | ${pair(wall)} | ${whole(memory.median)} | ${loaded} | ${requests} |`
}

function ratios(ours: Used, peer: Used): string {
  const [cpu, wall] = [ours.cpu.min / peer.cpu.min, ours.wall.min / peer.wall.min]
  const memory = ours.memory.median / peer.memory.median
  return `| | ours / theirs | **${cpu.toFixed(2)}** | ${wall.toFixed(2)} | ${memory.toFixed(2)} | ${(ours.bytes / peer.bytes).toFixed(2)} | |`
}
