import { readYaml } from '../yaml.ts'
import { readWhen, type Conditions } from './grants.ts'
import { block, input, meantInputs, placeOfInput } from './options.ts'
import type { Problems } from './problems.ts'
import type { Sources } from './sources.ts'

const DIRECT = ['repository', 'ref', 'environment'] as const

/** The claims that the inputs demand: `repository`, `ref`, `environment`, and the map of `claims`. */
export function readNarrowing(sources: Sources, problems: Problems): Conditions {
  const given = DIRECT.flatMap((name) => {
    const text = input(sources, name)
    return text === undefined ? [] : [[name, text] as const]
  })
  const claims = readClaims(sources, problems)
  for (const [name] of given) {
    if (claims.when.has(name))
      problems.add(placeOfInput('claims'), `\`${name}\` is given twice, here and as the input.`)
  }
  const meant = meantInputs(sources)
  const unread = claims.unread === true || [...DIRECT, 'claims' as const].some((name) => meant.has(name))
  return {
    ...claims,
    unread,
    when: new Map([...given.map(([name, text]) => [name, [text]] as const), ...claims.when]),
    places: new Map([...given.map(([name]) => [name, placeOfInput(name)] as const), ...claims.places]),
  }
}

function readClaims(sources: Sources, problems: Problems): Conditions {
  const none: Conditions = { when: new Map(), places: new Map() }
  const text = block(sources, 'claims')
  if (text === undefined) return none
  const { node, problems: faults } = readYaml(text, placeOfInput('claims'))
  problems.addAll(faults)
  if (faults.length > 0) return { ...none, unread: true }
  return node ? readWhen(node, problems) : none
}
