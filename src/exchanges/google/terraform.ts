import type { Want } from '../../exchange.ts'
import { block, hclDocument, reference, resource } from '../../trust/hcl.ts'
import { labelFor } from '../../trust/label.ts'
import { comment } from '../../trust/quote.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { bindingsOf, boundedCondition, heldAt, mappingOf, ownedBy, type Binding } from './provider.ts'
import { partsOf, type GoogleSettings } from './settings.ts'
import { introduction } from './trust.ts'

const EXISTING = 'Where the provider exists, `terraform import` it first.'

/** The same as the commands of `trustOf`, for the provider hashicorp/google. */
export function terraformOf(
  settings: GoogleSettings,
  want: Want,
  request: TrustRequest,
): readonly TrustDocument[] {
  const { rules } = request
  const held = heldAt(rules)
  const { heldThere, checkedHere } = held
  return [
    pool(settings),
    {
      title: `Google: who may come in as ${request.target}`,
      language: 'hcl',
      text: hclDocument(introduction(settings, want, request, { held, existing: EXISTING }), [
        provider(settings, request),
        ...bindingsOf(settings, rules).map((one) => binding(one, settings)),
      ]),
      heldThere,
      checkedHere,
      ...ownedBy(settings, request),
    },
  ]
}

/** What a provider of a pool is named by. */
function namesOf({ provider: name }: GoogleSettings) {
  const { pool: whole, id } = partsOf(name)
  const [, project = '', , , , pool = ''] = whole.split('/')
  const labels = { pool: labelFor(`${pool}_${project}`), provider: labelFor(`${pool}_${id}_${project}`) }
  return { project, pool, id, labels }
}

/** The pool is a text of its own: targets with a provider each may share it. */
function pool(settings: GoogleSettings): TrustDocument {
  const { project, pool: id, labels } = namesOf(settings)
  return {
    title: `Google: the pool ${id} of the project ${project}`,
    language: 'hcl',
    text: hclDocument(comment('#', ['Where it exists, `terraform import` it first.']), [
      resource('google_iam_workload_identity_pool', labels.pool, { project, workload_identity_pool_id: id }),
    ]),
    heldThere: [],
    checkedHere: [],
  }
}

function provider(settings: GoogleSettings, request: TrustRequest): string {
  const { project, id, labels } = namesOf(settings)
  return resource('google_iam_workload_identity_pool_provider', labels.provider, {
    project,
    workload_identity_pool_id: reference(
      `google_iam_workload_identity_pool.${labels.pool}.workload_identity_pool_id`,
    ),
    workload_identity_pool_provider_id: id,
    attribute_mapping: new Map(mappingOf(settings.provider, request.other)),
    attribute_condition: boundedCondition(request),
    oidc: block({ issuer_uri: request.issuer, allowed_audiences: request.audiences }),
  })
}

function binding({ account, role, member }: Binding, settings: GoogleSettings): string {
  const project = /@([a-z0-9-]+)\.iam\.gserviceaccount\.com$/.exec(account)?.[1] ?? '-'
  const { labels } = namesOf(settings)
  return resource('google_service_account_iam_member', labelFor(`${account}_${member}`), {
    service_account_id: `projects/${project}/serviceAccounts/${account}`,
    role,
    member,
    depends_on: [reference(`google_iam_workload_identity_pool_provider.${labels.provider}`)],
  })
}
