import { join } from 'node:path'
import { readProjectFile } from '../dbt/project.ts'
import { DbtOidcError } from '../errors.ts'
import { namedFrom } from '../inside.ts'
import { readProfiles, type Existing, type Output } from '../profile.ts'
import type { TargetRules, TargetSource } from './build-target.ts'
import { checkAllPlaceholders } from './connection.ts'
import { directory, input, meantInputs, placeOfInput, type Options } from './options.ts'
import { readNeeded, type Sources } from './sources.ts'

/** Takes the output from an existing profiles.yml, without its credentials; each one dropped is named in a warning. */
export async function fromExisting(
  sources: Sources,
  options: Options,
  rules: TargetRules,
): Promise<Pick<TargetSource, 'name' | 'connection' | 'node' | 'fromCheckout'> | undefined> {
  const home = directory('profiles-dir', sources, rules.problems) ?? options.projectDir
  const path = join(home, 'profiles.yml')
  const shown = namedFrom(sources.workspace, path)
  const place = input(sources, 'profiles-dir') === undefined ? shown : placeOfInput('profiles-dir')
  if (place === shown && (await sources.read(path)).kind === 'missing') {
    const meant = meantInputs(sources)
    if (['connection', 'config', 'profiles-dir'].some((name) => meant.has(name))) return undefined
    rules.problems.add(
      'inputs',
      `There is nothing to connect to: give \`connection\`, a policy file, or a \`${shown}\` of the project.`,
    )
    return undefined
  }
  const text = await readNeeded(path, shown, place, sources, rules.problems)
  const profile = input(sources, 'profile') ?? (await profileOf(options.projectDir, sources, rules))
  if (text === undefined || profile === undefined) return undefined
  await rules.registries.mentioned?.(text)
  const { existing, problems } = readProfiles(text, shown, {
    profile,
    target: input(sources, 'target'),
    env: rules.lookup,
    credentialFields: (type) => {
      const { credentialFields = [], widening = [] } = rules.registries.warehouses.get(type) ?? {}
      return [...credentialFields, ...widening]
    },
  })
  rules.problems.addAll(problems)
  if (!existing) return undefined
  warnOfDropped(existing, shown, rules)
  checkAllPlaceholders(existing.output, existing.node, rules)
  return { name: existing.target, connection: settled(existing), node: existing.node, fromCheckout: true }
}

/** A field left out says so, and why: nobody shall look for it in vain. */
function warnOfDropped({ type, target, dropped }: Existing, shown: string, rules: TargetRules): void {
  const widening = new Set(rules.registries.warehouses.get(type)?.widening ?? [])
  const say = (fields: readonly string[], why: string): void => {
    if (fields.length > 0)
      rules.warn(`${shown}: left out of the output \`${target}\`: ${fields.join(', ')}. ${why}`)
  }
  say(
    dropped.filter((field) => !widening.has(field)),
    'These stored credentials are no longer needed.',
  )
  say(
    dropped.filter((field) => widening.has(field)),
    'Rights are for the workflow or the policy file to ask for: write the connection there.',
  )
}

/** The output with its type as text: it may be an expression, and which adapter that names is decided once. */
function settled({ output, type }: Existing): Output {
  return new Map([...output, ['type', { kind: 'text', text: type }]])
}

async function profileOf(
  projectDir: string,
  sources: Sources,
  rules: TargetRules,
): Promise<string | undefined> {
  try {
    const { profile } = await readProjectFile(projectDir, {
      env: rules.visible,
      workspace: sources.workspace,
    })
    if (profile === undefined)
      rules.problems.add(placeOfInput('profile'), 'dbt_project.yml names no profile: name one here.')
    return profile
  } catch (error) {
    if (!(error instanceof DbtOidcError)) throw error
    rules.problems.add(placeOfInput('project-dir'), `${error.problem} ${error.remedy}`)
    return undefined
  }
}
