import { createHash } from 'node:crypto'
import { fail } from '../../errors.ts'
import { heldBy, type Held } from '../../trust/held.ts'
import { subjectsOf, wholeSubject } from '../../trust/rules.ts'
import type { TrustRequest } from '../../trust.ts'
import type { Settings } from '../entra.ts'
import { CLOUDS } from './clouds.ts'
import { expressionsOf, heldByExpression } from './flexible.ts'

/** What an app or a managed identity may have, https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations. */
const MOST = 20

/** One federated credential: a whole subject, or an expression of Entra's. */
export interface Credential {
  readonly name: string
  readonly issuer: string
  readonly audience: string
  readonly subject?: string
  readonly expression?: string
}

/** The credentials for a target, and what is to be said before them. A credential has exactly one audience. */
export interface Credentials {
  readonly all: readonly Credential[]
  readonly held: Held
  readonly lines: readonly string[]
}

/** Entra compares issuer, subject and audience as they are; with `flexible` it understands patterns and one claim more. */
export function credentialsOf(settings: Settings, request: TrustRequest): Credentials {
  const flexible = settings.flexible === true
  const held = heldBy(request.rules, (rule) => (flexible ? heldByExpression(rule) : rule.heldBySubject))
  const wanted = flexible
    ? expressionsOf(request).map((expression) => ({ expression }))
    : exactSubjects(request).map((subject) => ({ subject }))
  const all = wanted.flatMap((one) =>
    request.audiences.map((audience): Credential => {
      const told = 'subject' in one ? one.subject : one.expression
      return {
        name: nameOf(request.target, told, audience, settings),
        // As the token has it: of GitHub's none ends in a slash, and with one it would fit no token.
        issuer: request.other ? request.issuer : request.issuer.replace(/\/$/, ''),
        audience,
        ...one,
      }
    }),
  )
  refuseSecondAudience(request)
  refuseTooMany(all.length, request)
  return { all, held, lines: linesOf(settings, request, held) }
}

function linesOf(settings: Settings, { target }: TrustRequest, held: Held): readonly string[] {
  const { heldThere, checkedHere, byGrant } = held
  return [
    `Federated credentials of the app ${settings['client-id']} for the target ${target}.`,
    ...(settings.flexible
      ? [
          'Flexible ones: a preview of Entra, in the beta of Graph. Its * stands for any characters, / and : among them.',
          `Held there: ${heldThere.join(', ') || 'nothing but the repository'}.`,
        ]
      : [
          'Entra compares issuer, subject and audience, each as a whole and with its case, and sees no other claim.',
          `Held there by the subject: ${heldThere.join(', ') || 'nothing but the repository'}.`,
        ]),
    `Checked by this action only: ${checkedHere.join(', ') || 'nothing'}.`,
    ...byGrant,
    'A credential takes some minutes to be known everywhere.',
  ]
}

/** Unique in the app and the same each time: a second run of the command tells that it is there already. */
function nameOf(target: string, what: string, audience: string, { cloud = 'public' }: Settings): string {
  const told = audience === CLOUDS[cloud].audience ? what : JSON.stringify([what, audience])
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
      remedy: wholeSubject(
        vague,
        'Let the grant name one `environment` (or one `ref`) in full, without `*`; the environment can allow further branches on GitHub. Or set `flexible: true` in the identity, a preview of Entra.',
      ),
    })
  }
  return subjectsOf(rules)
}

/** Graph, federatedIdentityCredential: one audience each, and "the combination of issuer and subject must be unique on the app". */
function refuseSecondAudience({ target, audiences }: TrustRequest): void {
  if (audiences.length === 1) return
  fail({
    code: 'configuration',
    problem: `An app of Entra trusts one audience for a subject, and ${target} asks for ${audiences.length} at once (${audiences.join(', ')}).`,
    remedy:
      'Make a second app beside the first, with the same rights, and move over to it: `rotate --set identity.client-id=…`.',
  })
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
