import { createHash } from 'node:crypto'
import { fail } from '../../errors.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { comment, inert, sh, verbatim } from '../../trust/quote.ts'
import { heldBy } from '../../trust/held.ts'
import { subjectsOf } from '../../trust/rules.ts'
import type { Settings } from '../entra.ts'
import { CLOUDS } from './clouds.ts'

/** What an app or a managed identity may have, https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations. */
const MOST = 20

/** One federated credential for each subject: Entra compares issuer, subject and audience as they are. */
export function federatedCredentials(settings: Settings, request: TrustRequest): readonly TrustDocument[] {
  const subjects = exactSubjects(request)
  const { heldThere, checkedHere, byGrant } = heldBy(request.rules, (rule) => rule.heldBySubject)
  const head = comment('#', [
    `Federated credentials of the app ${settings['client-id']} for the target ${request.target}.`,
    `Entra compares issuer, subject and audience, each as a whole and with its case, and sees no other claim.`,
    `Held there by the subject: ${heldThere.join(', ') || 'nothing but the repository'}.`,
    `Checked by this action only: ${checkedHere.join(', ') || 'nothing'}.`,
    ...byGrant,
    'A credential takes some minutes to be known everywhere.',
  ])
  // A credential has exactly one audience.
  const pairs = subjects.flatMap((subject) => request.audiences.map((audience) => ({ subject, audience })))
  refuseTooMany(pairs.length, request)
  const credentials = pairs.map((pair) => credentialFor(settings, request, pair))
  const commands = credentials.map((credential) => command(settings, credential))
  return [
    {
      title: 'Microsoft Entra ID: federated credentials',
      language: 'sh',
      text: [head, ...commands, ''].join('\n'),
      heldThere,
      checkedHere,
      prints: credentials,
    },
  ]
}

interface Pair {
  readonly subject: string
  readonly audience: string
}

function credentialFor(settings: Settings, { target, issuer }: TrustRequest, pair: Pair) {
  const { subject, audience } = pair
  for (const text of [subject, issuer, audience]) inert(text)
  return {
    name: nameOf(target, pair, settings),
    issuer: issuer.replace(/\/$/, ''),
    subject,
    audiences: [audience],
  }
}

function command(settings: Settings, credential: ReturnType<typeof credentialFor>): string {
  const quoted = sh`${JSON.stringify(credential)}`
  return sh`az ad app federated-credential create --id ${settings['client-id']} --parameters ${verbatim(quoted)}`
}

/** Unique in the app and the same each time: a second run of the command tells that it is there already. */
function nameOf(target: string, { subject, audience }: Pair, { cloud = 'public' }: Settings): string {
  const told = audience === CLOUDS[cloud].audience ? subject : JSON.stringify([subject, audience])
  const digest = createHash('sha256').update(told).digest('hex').slice(0, 12)
  return `dbt-oidc-${target.replaceAll(/[^\w-]/g, '-').slice(0, 60)}-${digest}`
}

function exactSubjects({ rules, target }: TrustRequest): readonly string[] {
  const vague = rules.find(({ exact }) => !exact)
  if (vague) {
    const [subject = ''] = vague.subjects.filter((one) => one.includes('*'))
    return fail({
      code: 'configuration',
      problem: `Entra compares subjects as a whole, and the grant ${vague.grant} of ${target} fits every subject like \`${subject}\`.`,
      remedy:
        'Let the grant name one `environment` (or one `ref`) in full, without `*`; the environment can allow further branches on GitHub.',
    })
  }
  return subjectsOf(rules)
}

function refuseTooMany(count: number, { target, audiences }: TrustRequest): void {
  if (count <= MOST) return
  const of = audiences.length === 1 ? '' : ` for ${audiences.length} audiences`
  fail({
    code: 'configuration',
    problem: `The grants of ${target} need ${count} federated credentials${of}, one for each subject, and an app of Entra has at most ${MOST}.`,
    remedy: 'Grant the target to one environment instead of many refs, or use an app for each target.',
  })
}
