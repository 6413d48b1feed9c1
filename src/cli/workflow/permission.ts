import type { Place } from '../../policy.ts'
import type { YamlEntry, YamlMap } from '../../yaml.ts'
import type { OwnStep } from './step.ts'

/** A job to which GitHub gives no ID token, in sentences. */
export interface WithoutToken {
  readonly place: Place
  readonly problem: string
  readonly remedy: string
  /** The permissions of the job, to be pasted. */
  readonly paste: string
}

/**
 * Why the job gets no ID token, as far as its workflow tells. The job's `permissions` stand in place of the workflow's, and where
 * neither says any, GitHub's default never has `id-token: write`; a job that is only `called` then has its caller's.
 */
export function withoutToken(
  workflow: YamlMap,
  { name, place, says }: OwnStep['job'],
  { called }: { readonly called: boolean },
): WithoutToken | undefined {
  const own = says.entries.get('permissions')
  const said = own ?? workflow.entries.get('permissions')
  if (said ? grants(said) : called) return undefined
  const whose = own ? 'its `permissions`' : 'the `permissions` of the workflow'
  const why = said
    ? `${whose} do not say \`id-token: write\``
    : 'neither it nor the workflow says `permissions`, and `id-token: write` is never among the default ones'
  return {
    place: said?.key ?? place,
    problem: `The job \`${name}\` gets no ID token: ${why}.`,
    remedy: `Let the job \`${name}\` say \`id-token: write\`; what its \`permissions\` leave out is taken away:`,
    paste: ['permissions:', ...wanted(said).map((line) => `  ${line}`)].join('\n'),
  }
}

function grants({ value }: YamlEntry): boolean {
  if (value.kind === 'scalar') return value.text === 'write-all'
  const token = value.kind === 'map' ? value.entries.get('id-token')?.value : undefined
  return token?.kind === 'scalar' && token.text === 'write'
}

/** What is said already stays; where nothing is, the checkout needs to read. */
function wanted(said: YamlEntry | undefined): readonly string[] {
  const entries = said?.value.kind === 'map' ? [...said.value.entries] : []
  const kept = entries.flatMap(([name, { value }]) =>
    name === 'id-token' || value.kind !== 'scalar' ? [] : [`${name}: ${value.text}`],
  )
  return [...(kept.length > 0 ? kept : ['contents: read']), 'id-token: write']
}
