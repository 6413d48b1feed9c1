import type { Value } from '../../profile.ts'
import { resolveScalar } from '../../yaml/scalar.ts'
import type { TargetRules, TargetSource } from '../build-target.ts'
import { placeOf } from '../connection.ts'

/** Warns of `threads` that dbt refuses for every adapter, since it does so only when the credential is bought. */
export function warnOfThreads({ connection, node }: TargetSource, rules: TargetRules): void {
  const threads = connection.get('threads')
  if (threads === undefined || threads.kind === 'jinja' || isCount(threads)) return
  rules.warn(
    `${placeOf(node, ['threads']) ?? node.place}: \`threads\` must be a whole number above 0, without quotes: dbt refuses anything else unless a command says \`--threads\`.`,
  )
}

function isCount(value: Value): boolean {
  if (value.kind !== 'plain') return false
  const read = resolveScalar(value.source)
  // A whole number with a point, `4.0`, is none to dbt.
  return read.type === 'number' && Number.isInteger(read.value) && read.value > 0 && !/[.]/.test(value.source)
}
