import { POLICY_PATH } from '../config/policy-place.ts'
import type { Sources } from '../config/sources.ts'
import { resolve } from 'node:path'
import { fail } from '../errors.ts'
import { readYaml, type YamlNode } from '../yaml.ts'

/** What `migrate` writes where no file tells a value, and what no real host, id or account is. */
const LEFT = /replace-me|(?<![0-9a-f])0{8}-0{4}(?![1-9a-f])|(?<!\d)0{16}(?!\d)/

/** Throws `configuration` where a value is still the one that stands for a value: nothing that follows from it is worth reading. */
export async function refuseUnfilled(sources: Sources): Promise<void> {
  const path = sources.inputs.get('config') ?? POLICY_PATH
  const policy = await sources.read(resolve(sources.workspace, path))
  const left = [
    ...[...sources.inputs].flatMap(([name, text]) => (LEFT.test(text) ? [`the input \`${name}\``] : [])),
    ...(policy.kind === 'text' ? leftIn(readYaml(policy.text, path).node, '') : []),
  ]
  if (left.length === 0) return
  fail({
    code: 'configuration',
    problem: 'Values are left that `migrate` could not know: each stands where one of yours belongs.',
    remedy: 'Put yours in their place; `migrate` has said beside each where it is to be found.',
    details: left,
  })
}

function leftIn(node: YamlNode | undefined, key: string): readonly string[] {
  if (node?.kind === 'map')
    return [...node.entries].flatMap(([name, { value }]) =>
      leftIn(value, key === '' ? name : `${key}.${name}`),
    )
  if (node?.kind === 'list') return node.items.flatMap((one) => leftIn(one, key))
  return node?.kind === 'scalar' && LEFT.test(node.text)
    ? [`${node.place}: \`${key}\` is \`${node.text}\``]
    : []
}
