import { told, type Part } from './row.ts'
import { measure, type Taken } from './step.ts'
import { MB, VOLUMES, type Form, type Volume } from './volume.ts'

/** On a machine that others share, the least of several measurements is nearest to what it takes. */
const TRIES = 3

/**
 * Measures each volume, and says how it went as it goes. What the long form holds is the time that passes; the short
 * one runs beside other work, and holds the time for which the process had a processor.
 */
export async function figures(form: Form, say: (line: string) => void): Promise<readonly Part[]> {
  const parts: Part[] = []
  for (const volume of VOLUMES) {
    const tries: Taken[] = []
    do tries.push(await measure(volume.behaviour(sizeOf(volume, form))))
    while (
      tries.length < TRIES &&
      isRight(tries, volume, form) &&
      leastOf(tries, volume, form) > volume.seconds
    )
    const part = partOf(tries, volume, form)
    if (tries.some(({ exitCode }) => exitCode !== volume.exitCode)) say(tries.at(-1)?.tail ?? '')
    say(told(part))
    parts.push(part)
  }
  return parts
}

function partOf(tries: readonly Taken[], volume: Volume, form: Form): Part {
  const { name, seconds, megabytes, bytes } = volume
  const least = leastOf(tries, volume, form)
  const measured = [
    form === 'short' && bytes ? `${bytes.short / MB} MB in ` : '',
    `${least.toFixed(1)} s${form === 'short' ? ' of a processor' : ''}, ${mostOf(tries).toFixed(0)} MB`,
    tries.length > 1 ? `, least of ${tries.length}` : '',
    isRight(tries, volume, form) ? '' : ', not as it should be',
  ].join('')
  return {
    what: name,
    measured,
    required: `${seconds} s, ${megabytes} MB`,
    met: least <= seconds && isRight(tries, volume, form),
  }
}

/** Everything but the time, which alone may be another when it is measured again. */
function isRight(
  tries: readonly Taken[],
  { exitCode, megabytes, holds, ...volume }: Volume,
  form: Form,
): boolean {
  return tries.every(
    (taken) =>
      taken.exitCode === exitCode &&
      taken.megabytes <= megabytes &&
      (holds?.(taken, sizeOf(volume, form)) ?? true),
  )
}

function leastOf(tries: readonly Taken[], { reading }: Volume, form: Form): number {
  const long = (taken: Taken): number => (reading ? taken.afterwards : taken.seconds)
  return Math.min(...tries.map((taken) => (form === 'short' ? taken.processor : long(taken))))
}

function mostOf(tries: readonly Taken[]): number {
  return Math.max(...tries.map(({ megabytes }) => megabytes))
}

function sizeOf({ bytes }: Pick<Volume, 'bytes'>, form: Form): number {
  return bytes?.[form] ?? 0
}
