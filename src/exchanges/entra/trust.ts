import { creations, type Part } from '../../trust/parts.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { comment, inert, sh, verbatim } from '../../trust/quote.ts'
import type { Settings } from '../entra.ts'
import { CLOUDS } from './clouds.ts'
import { credentialsOf, type Credential } from './credentials.ts'

/** The commands that make the federated credentials of an app. */
export function federatedCredentials(settings: Settings, request: TrustRequest): readonly TrustDocument[] {
  const { all, held, lines } = credentialsOf(settings, request)
  const credentials = all.map((credential) => parametersOf(credential))
  const id = settings['client-id']
  // A credential has one audience, and that with another is another.
  const parts = credentials.map((credential): Part => ({
    what: `the federated credential ${credential.name} of the app ${id}`,
    state: JSON.stringify(credential),
    create: command(settings, credential),
    remove: sh`az ad app federated-credential delete --id ${id} --federated-credential-id ${credential.name}`,
  }))
  return [
    {
      title: 'Microsoft Entra ID: federated credentials',
      language: 'sh',
      text: [comment('#', lines), ...creations(parts), ''].join('\n'),
      parts,
      heldThere: held.heldThere,
      checkedHere: held.checkedHere,
      prints: credentials,
    },
  ]
}

/** As Graph takes it, and has it afterwards. */
function parametersOf({ name, issuer, subject, expression, audience }: Credential) {
  for (const text of [subject ?? '', expression ?? '', issuer, audience]) inert(text)
  const whose = { name, issuer, subject, audiences: [audience] }
  if (expression === undefined) return whose
  return { ...whose, claimsMatchingExpression: { value: expression, languageVersion: 1 } }
}

function command(settings: Settings, credential: ReturnType<typeof parametersOf>): string {
  if (!('claimsMatchingExpression' in credential))
    return sh`az ad app federated-credential create --id ${settings['client-id']} --parameters ${asJson(credential)}`
  const { graph } = CLOUDS[settings.cloud ?? 'public']
  const url = `https://${graph}/beta/applications(appId='${settings['client-id']}')/federatedIdentityCredentials`
  return sh`az rest --method post --url ${url} --headers Content-Type=application/json --body ${asJson(credential)}`
}

function asJson(value: unknown) {
  return verbatim(sh`${JSON.stringify(value)}`)
}
