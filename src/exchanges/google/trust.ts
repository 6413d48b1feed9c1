import type { Want } from '../../exchange.ts'
import { heading } from '../../trust/heading.ts'
import { comment, sh } from '../../trust/quote.ts'
import type { Held } from '../../trust/held.ts'
import { creations, type Part } from '../../trust/parts.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { bindingsOf, boundedCondition, heldAt, mappingOf, ownedBy, type Binding } from './provider.ts'
import { partsOf, type GoogleSettings } from './settings.ts'

const CONTINUED = ' \\\n  '
const EXISTING =
  'Where pool or provider exist, leave out the first command or write update-oidc for create-oidc.'

/** The commands of gcloud after which the provider accepts the tokens of these grants, and IAM their holders. */
export function trustOf(
  settings: GoogleSettings,
  want: Want,
  request: TrustRequest,
): readonly TrustDocument[] {
  const { rules } = request
  const held = heldAt(rules)
  const { heldThere, checkedHere } = held
  const parts = [...provider(settings, request), ...bindingsOf(settings, rules).map(binding)]
  const head = introduction(settings, want, request, { held, existing: EXISTING })
  const title = `Google: who may come in as ${request.target}`
  return [
    {
      title,
      language: 'sh',
      text: `${[head, ...creations(parts)].join('\n\n')}\n`,
      parts,
      heldThere,
      checkedHere,
      ...ownedBy(settings, request),
      prints: printed(settings, request),
    },
  ]
}

/** As `gcloud iam workload-identity-pools providers describe --format json` has it afterwards. */
function printed({ provider: name }: GoogleSettings, request: TrustRequest): unknown {
  return {
    name,
    state: 'ACTIVE',
    oidc: { issuerUri: request.issuer, allowedAudiences: request.audiences },
    attributeMapping: Object.fromEntries(mappingOf(name, request.other)),
    attributeCondition: boundedCondition(request),
  }
}

/** What is to be said before the provider; `existing` is what to do where it is there. */
export function introduction(
  { lifetime }: GoogleSettings,
  want: Want,
  request: TrustRequest,
  { held, existing }: { readonly held: Held; readonly existing: string },
): string {
  const extended = 'iam.allowServiceAccountCredentialLifetimeExtension'
  return comment('#', [
    ...heading(request, held),
    'Google sees all claims of a token; the event file of a pull request is read by the action alone.',
    `APIs of the project: iam, sts, iamcredentials${want.scope?.includes('/auth/bigquery') ? ' and bigquery' : ''}. Changes take up to five minutes.`,
    existing,
    ...(lifetime > 3600
      ? [`Tokens of ${lifetime} s need the organisation policy ${extended} to list the account.`]
      : []),
  ])
}

function provider({ provider: name }: GoogleSettings, request: TrustRequest): readonly Part[] {
  const mapping = mappingOf(name, request.other).map(
    ([attribute, expression]) => `${attribute}=${expression}`,
  )
  const { pool } = partsOf(name)
  const write = (verb: string): string =>
    [
      sh`gcloud iam workload-identity-pools providers ${verb} ${name}`,
      sh`--issuer-uri=${request.issuer}`,
      sh`--allowed-audiences=${request.audiences.join(',')}`,
      sh`--attribute-mapping=${mapping.join(',')}`,
      sh`--attribute-condition=${boundedCondition(request)}`,
    ].join(CONTINUED)
  return [
    {
      what: `the pool ${pool}`,
      state: '',
      create: sh`gcloud iam workload-identity-pools create ${pool}`,
    },
    {
      what: `the provider ${name}`,
      state: write('create-oidc'),
      create: write('create-oidc'),
      update: write('update-oidc'),
      remove: sh`gcloud iam workload-identity-pools providers delete ${name} --quiet`,
    },
  ]
}

function binding({ account, role, member }: Binding): Part {
  const write = (verb: string): string =>
    [sh`gcloud iam service-accounts ${verb} ${account}`, sh`--role=${role}`, sh`--member=${member}`].join(
      CONTINUED,
    )
  return {
    what: `the role ${role} of ${member} on ${account}`,
    state: '',
    create: write('add-iam-policy-binding'),
    remove: write('remove-iam-policy-binding'),
  }
}
