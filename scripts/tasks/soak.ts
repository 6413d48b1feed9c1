// Asks a broker one hundred times a second for so many seconds (600), with an outage of GitHub in each minute: none may be refused.
import { soak, type Memory } from '../soak/soak.ts'
import { task } from '../task.ts'

/** Bytes by which the heap may have grown since the first look, beside the forms by which tokens stay hidden. */
const FLAT = 4_000_000

/** The last ten seconds of each minute. */
const isAway = (at: number): boolean => at % 60 >= 50

await task(async () => {
  const seconds = Number(process.argv[2] ?? 600)
  if (!(seconds >= 5)) throw new Error('How many seconds? At least 5.')
  const tell = ({ at, rss, heap, hidden }: Memory): void =>
    console.log(
      `after ${at.toFixed(0)} s: RSS ${megabytes(rss)} MB, heap in use ${megabytes(heap)} MB, of which hide tokens ${megabytes(hidden)} MB`,
    )
  const figures = await soak(
    { seconds, rate: 100, life: 35, away: isAway, look: Math.min(60, seconds / 3) },
    tell,
  )
  const { asked, served, refused, minted, early, onRecord, away, slowest, oldest, memory, reasons } = figures
  console.log(
    `${asked} asked, ${served} served, ${refused} refused; the slowest answer took ${slowest.toFixed(0)} ms`,
  )
  console.log(
    `${minted} tokens bought, each ${onRecord === minted ? '' : 'NOT '}on record, ${early} of them sooner than the life of the last demands; the oldest that was handed out was ${oldest.toFixed(1)} s old`,
  )
  for (const reason of new Set(reasons)) console.log(`refused: ${reason}`)
  console.log(`${away} requests found GitHub away`)
  const grown = besideTokens(memory.at(-1)) - besideTokens(memory[0])
  console.log(`beside what hides tokens the heap has grown by ${megabytes(grown)} MB since the first look`)
  return refused === 0 && early === 0 && onRecord === minted && grown < FLAT ? 0 : 1
})

function besideTokens(memory: Memory | undefined): number {
  return memory ? memory.heap - memory.hidden : 0
}

function megabytes(bytes: number): string {
  return (bytes / 1_000_000).toFixed(1)
}
