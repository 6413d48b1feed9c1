// Microsoft Entra ID's federated identity credentials:
// https://learn.microsoft.com/entra/workload-id/workload-identity-federation ("How it works", and the note on case): `issuer` and
//   `subject` must match the token's `iss` and `sub` case-sensitively, `audiences` its `aud`.
// https://learn.microsoft.com/graph/api/resources/federatedidentitycredential (Properties): `audiences` holds one value; the
//   combination of issuer and subject is unique in an app.
// https://learn.microsoft.com/entra/workload-id/workload-identity-federation-considerations: wildcards are not supported, and an
//   app has 20 credentials at most.
import { spawnSync } from 'node:child_process'
import * as z from 'zod/mini'
import { textsOf, type Model } from './presented.ts'
import { fitting } from './whole.ts'

const Credential = z.strictObject({
  name: z.string().check(z.regex(/^[A-Za-z0-9][\w-]{2,119}$/)),
  issuer: z.string(),
  subject: z.string(),
  audiences: z.array(z.string()).check(z.length(1)),
})

/** A federated credential as `az ad app federated-credential create` makes it. */
export interface FederatedCredential extends z.infer<typeof Credential> {
  readonly app: string
}

/** Runs the document with an `az` that only tells its arguments: the shell's own idea of what was quoted. */
export function credentialsIn(document: string): readonly FederatedCredential[] {
  const az = `az() { for word; do printf '%s\\0' "$word"; done; printf '\\0'; }\n`
  const { status, stdout, stderr } = spawnSync('/bin/sh', ['-eu', '-c', az + document], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`the document does not run: ${stderr}`)
  const calls = stdout.split('\0\0').filter((call) => call !== '')
  const credentials = new Map<string, FederatedCredential>()
  for (const call of calls) carryOut(credentials, call.split('\0'))
  return [...credentials.values()]
}

function carryOut(credentials: Map<string, FederatedCredential>, words: readonly string[]): void {
  const [, , , , , app = '', , value = ''] = words
  const command = words.with(5, 'APP').with(7, 'VALUE').join(' ')
  if (command === 'ad app federated-credential delete --id APP --federated-credential-id VALUE') {
    if (!credentials.delete(`${app} ${value}`)) throw new Error(`no credential ${value} of ${app}`)
    return
  }
  if (command !== 'ad app federated-credential create --id APP --parameters VALUE')
    throw new Error(`another command: ${command}`)
  const made = { app, ...Credential.parse(JSON.parse(value)) }
  // Graph, federatedIdentityCredential: issuer and subject must be unique on the app, as must the name.
  const twin = [...credentials.values()].find(
    (one) => one.app === app && one.issuer === made.issuer && one.subject === made.subject,
  )
  if (twin || credentials.has(`${app} ${made.name}`))
    throw new Error(`FederatedIdentityCredential with name ${made.name} or its issuer and subject exist.`)
  credentials.set(`${app} ${made.name}`, made)
}

/** Lets in whoever fits a credential of the app. */
export const entra: Model = (documents) => {
  const credentials = credentialsIn(textsOf(documents, 'sh').join('\n'))
  const apps = Map.groupBy(credentials, ({ app }) => app)
  if ([...apps.values()].some((own) => own.length > 20))
    throw new Error('an app has 20 federated credentials at most')
  return (claims) => 'entry' in fitting(credentials, claims)
}
