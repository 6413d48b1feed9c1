import { visible } from '../../policy/visible.ts'
import type { TrustDocument } from '../../trust.ts'
import { sh } from '../../trust/quote.ts'
import { titled } from '../titled.ts'
import type { Rotation } from '../rotate.ts'

/** A phase for people: what to paste, what to change in the policy, and what comes then; in the order in which it is done. */
export function rotationText(rotation: Rotation, free: boolean, inFiles: boolean): string {
  const { phase, target } = rotation
  const head = `Rotation of ${visible(target.name)}, phase ${phase.number} of 2: ${changeOf(rotation)}`
  const steps = phase.number === 1 ? firstSteps(rotation, inFiles) : secondSteps(rotation, free, inFiles)
  return [head, ...steps].join('\n\n')
}

function firstSteps({ phase, policy, target, values }: Rotation, inFiles: boolean): readonly string[] {
  const was = values.map(({ key, old }) => ` --was ${quote(`${key}=${old}`)}`).join('')
  return [
    `1. Paste this. What runs now goes on as before, since the old stays trusted.`,
    ...pasted(phase.change.documents, inFiles),
    `2. Then change ${policy.path} (--write does it), and let it reach every branch that runs dbt:`,
    ...differences(policy),
    `3. When the last run with the old one is over: dbt-oidc rotate --target ${quote(target.name)}${was} --audit FILE…`,
  ]
}

function secondSteps(
  { phase, policy, evidence }: Rotation,
  free: boolean,
  inFiles: boolean,
): readonly string[] {
  const { blocks = [], notes = [] } = evidence ?? {}
  const found = [...blocks.map((one) => `✗ ${one}`), ...notes.map((one) => `! ${one}`)].join('\n')
  const asked = found === '' ? ['✓ Nothing was found that still uses the old one.'] : [found]
  if (!free)
    return [...asked, 'The old one must stay until nothing uses it. Where you know better: --unchecked.']
  const { documents, removals, byHand } = phase.change
  return [
    ...asked,
    ...(policy.before === policy.after
      ? []
      : [`1. Change ${policy.path} (--write does it):`, ...differences(policy)]),
    `2. Paste this: the old is trusted no more.`,
    ...pasted([...documents, ...removals], inFiles),
    ...(byHand.length === 0 ? [] : [`3. Take away by hand what these made before: ${byHand.join('; ')}.`]),
  ]
}

function quote(word: string): string {
  return sh`${word}`
}

function pasted(documents: readonly TrustDocument[], inFiles: boolean): readonly string[] {
  return inFiles ? [] : documents.map(titled)
}

/** The lines that differ; an edit changes one value, so what is before and behind it is the same. */
function differences({ before, after }: Rotation['policy']): readonly string[] {
  const [old, fresh] = [before.split('\n'), after.split('\n')]
  const same = old.findIndex((line, at) => line !== fresh[at])
  if (same < 0) return []
  const most = Math.min(old.length, fresh.length) - same
  let end = 0
  while (end < most && old.at(-1 - end) === fresh.at(-1 - end)) end += 1
  const lines = (all: readonly string[], sign: string): readonly string[] =>
    all.slice(same, all.length - end).map((line) => `   ${sign} ${line}`)
  return [[...lines(old, '-'), ...lines(fresh, '+')].join('\n')]
}

/** What changes, in a few words. */
function changeOf({ phase: { old, fresh }, values }: Rotation): string {
  const all =
    values.length > 0
      ? values.map((one) => `${one.key} ${one.old} → ${one.fresh}`)
      : [`audience ${old.audience} → ${fresh.audience}`]
  return visible(all.join(', '))
}
