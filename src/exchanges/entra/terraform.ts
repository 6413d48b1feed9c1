import { dataSource, hclDocument, reference, resource } from '../../trust/hcl.ts'
import { labelFor } from '../../trust/label.ts'
import { comment } from '../../trust/quote.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import type { Settings } from '../entra.ts'
import { credentialsOf, type Credential } from './credentials.ts'

/** The same as the commands of `federatedCredentials`, for the provider hashicorp/azuread. */
export function federatedResources(settings: Settings, request: TrustRequest): readonly TrustDocument[] {
  const { all, held, lines } = credentialsOf(settings, request)
  const app = labelFor(`app_${settings['client-id']}`)
  return [
    {
      title: `Microsoft Entra ID: the app ${settings['client-id']}`,
      language: 'hcl',
      text: hclDocument('', [dataSource('azuread_application', app, { client_id: settings['client-id'] })]),
      heldThere: [],
      checkedHere: [],
    },
    {
      title: 'Microsoft Entra ID: federated credentials',
      language: 'hcl',
      text: hclDocument(
        comment('#', lines),
        all.map((credential) => credentialResource(credential, app)),
      ),
      heldThere: held.heldThere,
      checkedHere: held.checkedHere,
    },
  ]
}

function credentialResource(
  { name, issuer, subject, expression, audience }: Credential,
  app: string,
): string {
  const application_id = reference(`data.azuread_application.${app}.id`)
  const label = labelFor(name)
  return expression === undefined
    ? resource('azuread_application_federated_identity_credential', label, {
        application_id,
        display_name: name,
        issuer,
        subject,
        audiences: [audience],
      })
    : resource('azuread_application_flexible_federated_identity_credential', label, {
        application_id,
        display_name: name,
        issuer,
        claims_matching_expression: expression,
        audience,
      })
}
