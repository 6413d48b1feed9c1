import { fail } from '../../errors.ts'
import type { YamlNode } from '../../yaml.ts'

/** Refuses inputs that are no text: GitHub takes nothing else under `with:`, and no job of the workflow would start. */
export function refuseStructures(values: ReadonlyMap<string, YamlNode>): void {
  const wrong = [...values].filter(([, { kind }]) => kind !== 'scalar')
  const [first] = wrong
  if (!first) return
  fail({
    code: 'configuration',
    problem: 'The workflow has an input under `with:` that is no text, so that GitHub refuses it.',
    remedy: `Write \`|\` behind the name (\`${first[0]}: |\`), and what it holds on the lines below, indented.`,
    details: wrong.map(
      ([name, { kind, place }]) =>
        `${place}: The input \`${name}\` is ${kind === 'map' ? 'a mapping' : 'a list'}, and GitHub takes only text under \`with:\`.`,
    ),
  })
}
