import type { Problem } from '../yaml.ts'
import { fail } from '../errors.ts'

/** The remedy of a list whose sentences each say their own. */
export const LISTED = 'Mend what is listed; no token was asked for yet.'

/** Collects what is wrong with a configuration, so that one run tells all of it. */
export interface Problems {
  /** `place` is `input "ref"` or `.github/dbt-oidc.yml:14:5`. */
  add(place: string, problem: string): void
  /** YAML that would mend a problem, to be pasted; it goes into the remedy. */
  offer(yaml: string): void
  addAll(problems: readonly Problem[]): void
  readonly count: number
  /** Whether something is already said of this place. */
  has(place: string): boolean
  /** Throws `configuration` with every problem, unless there is none. */
  throwAny(): void
}

/** An empty collection. */
export function collectProblems(): Problems {
  const found: Problem[] = []
  const offered = new Set<string>()
  return {
    offer: (yaml) => void offered.add(yaml),
    add: (place, problem) => void found.push({ place, problem }),
    addAll: (problems) => void found.push(...problems),
    get count() {
      return found.length
    },
    has: (place) => found.some((one) => one.place === place),
    throwAny() {
      if (found.length === 0) return
      fail({
        code: 'configuration',
        problem:
          found.length === 1
            ? 'The configuration has a problem.'
            : `The configuration has ${found.length} problems.`,
        remedy: [LISTED, ...offered].join('\n'),
        details: inOrder(found).map(sentence),
      })
    },
  }
}

/** By file or input as they came, and within each from top to bottom. */
function inOrder(problems: readonly Problem[]): readonly Problem[] {
  // Map.groupBy is not known to Node.js 20, on which the command line runs, too.
  const files = [...new Set(problems.map(fileOf))]
  return files.flatMap((file) =>
    problems
      .filter((problem) => fileOf(problem) === file)
      .toSorted((one, other) => {
        const [[line, column], [otherLine, otherColumn]] = [numbers(one), numbers(other)]
        return line - otherLine || column - otherColumn
      }),
  )
}

function fileOf({ place }: Problem): string {
  return place.replace(/(?::\d+){1,2}$/, '')
}

function numbers({ place }: Problem): readonly [number, number] {
  const [, line = '0', column = '0'] = /:(\d+)(?::(\d+))?$/.exec(place) ?? []
  return [Number(line), Number(column)]
}

function sentence({ place, problem }: Problem): string {
  return `${place}: ${problem}`
}
