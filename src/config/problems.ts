import type { Problem } from '../yaml.ts'
import { fail } from '../errors.ts'

/** Collects what is wrong with a configuration, so that one run tells all of it. */
export interface Problems {
  /** `place` is `input "ref"` or `.github/dbt-oidc.yml:14:5`. */
  add(place: string, problem: string): void
  addAll(problems: readonly Problem[]): void
  readonly count: number
  /** Throws `configuration` with every problem, unless there is none. */
  throwAny(): void
}

/** An empty collection. */
export function collectProblems(): Problems {
  const found: Problem[] = []
  return {
    add: (place, problem) => void found.push({ place, problem }),
    addAll: (problems) => void found.push(...problems),
    get count() {
      return found.length
    },
    throwAny() {
      const [first] = found
      if (!first) return
      fail({
        code: 'configuration',
        problem:
          found.length === 1
            ? `The configuration has a problem. ${sentence(first)}`
            : `The configuration has ${found.length} problems.`,
        remedy: 'Mend what is listed; nothing was requested from anybody yet.',
        details: found.length === 1 ? [] : found.map(sentence),
      })
    },
  }
}

function sentence({ place, problem }: Problem): string {
  return `${place}: ${problem}`
}
