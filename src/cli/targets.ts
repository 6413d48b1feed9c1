import type { Config } from '../config.ts'
import type { Target } from '../config/target.ts'
import { fail } from '../errors.ts'
import { nearest } from '../nearest.ts'

/** The target of a name, or all. Throws `usage` for a name that none has. */
export function chosen(config: Config, name: string | undefined): readonly Target[] {
  if (name === undefined) return [...config.targets.values()]
  const target = config.targets.get(name)
  if (target) return [target]
  const known = [...config.targets.keys()]
  const near = nearest(name, known)
  return fail({
    code: 'usage',
    problem: `There is no target ${name}${near === undefined ? '.' : `; did you mean ${near}?`}`,
    remedy: `${config.origin} has: ${known.join(', ')}.`,
  })
}

/** The target of a name, or the only one. Throws `usage` where several could be meant. */
export function onlyTarget(config: Config, name: string | undefined): Target {
  const [target, another] = chosen(config, name)
  if (target && !another) return target
  return fail({
    code: 'usage',
    problem: 'There are several targets, and this is done with one at a time.',
    remedy: `Name one with --target: ${[...config.targets.keys()].join(', ')}.`,
  })
}
