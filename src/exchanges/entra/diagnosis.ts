import type { Claims } from '../../claims.ts'
import type { Diagnosis } from '../../exchange.ts'
import type { Settings } from '../entra.ts'

/** A federated credential that was just made is not yet known everywhere (AADSTS70021 while it spreads). */
export function isPropagating(description: string): boolean {
  return /\bAADSTS70021\b/.test(description)
}

type Explain = (claims: Claims, settings: Settings) => Diagnosis

const SUBJECT: Explain = (claims) => ({
  problem: `No federated credential of the app has the subject \`${claims.sub}\` with the issuer \`${claims.iss}\`.`,
  remedy: `Entra compares the subject as a whole: add a credential with exactly this subject (\`trust\` prints the command), one for each form if the repository has both (${formOf(claims.sub)}). A new one takes minutes to be known.`,
})

const SCOPE: Explain = (_claims, { scope }) => ({
  problem: `Entra does not know the scope${scope === undefined ? '' : ` \`${scope}\``}.`,
  remedy: 'Name one resource, by its application id URI with `/.default` behind it.',
})

/** By number of the AADSTS code, https://learn.microsoft.com/entra/identity-platform/reference-error-codes. */
const EXPLANATIONS: ReadonlyMap<string, Explain> = new Map<string, Explain>([
  ['70021', SUBJECT],
  ['700213', SUBJECT],
  [
    '7002138',
    (claims) => ({
      problem: `A federated credential differs from \`${claims.sub}\` (or the issuer, or the audience) in upper and lower case only.`,
      remedy: 'Entra distinguishes case: write the subject into the credential exactly as the token has it.',
    }),
  ],
  [
    '700211',
    (claims) => ({
      problem: `No federated credential of the app has the issuer \`${claims.iss}\`.`,
      remedy: 'Write the issuer exactly so, without a slash at the end.',
    }),
  ],
  [
    '700212',
    (claims) => ({
      problem: `The federated credential expects another audience than \`${claims.aud}\` of the deciding token.`,
      remedy:
        'A credential has exactly one audience, `api://AzureADTokenExchange` in the public cloud: set `cloud:`, or `audience:` of the target, to what stands there.',
    }),
  ],
  [
    '700024',
    () => ({
      problem: 'Entra says that the ID token is not valid now.',
      remedy: "Check the clock of the runner; GitHub's token lives five minutes and a fresh one was sent.",
    }),
  ],
  [
    '700016',
    (_claims, s) => ({
      problem: `The tenant \`${s.tenant}\` has no application \`${s['client-id']}\`.`,
      remedy: 'Check both ids, and that `client-id` is the application id and not the object id.',
    }),
  ],
  [
    '90002',
    (_claims, s) => ({
      problem: `There is no tenant \`${s.tenant}\` in the cloud ${s.cloud ?? 'public'}.`,
      remedy: 'Check `tenant` and `cloud`.',
    }),
  ],
  ['70011', SCOPE],
  [
    '500011',
    (_claims, s) => ({
      problem: `The resource${s.scope === undefined ? '' : ` of \`${s.scope}\``} has no service principal in the tenant \`${s.tenant}\`.`,
      remedy: 'Consent to the resource in this tenant, or name one that is there.',
    }),
  ],
  [
    '50013',
    (claims) => ({
      problem: `Entra could not check the signature of the ID token against the keys of \`${claims.iss}\`.`,
      remedy:
        'Entra must reach the keys of the issuer over the internet: an enterprise server that it cannot reach cannot be trusted so.',
    }),
  ],
])

/** What an AADSTS code means for this run. */
export function diagnose(error: string, settings: Settings, claims: Claims): Diagnosis | undefined {
  const code = /\bAADSTS(\d+)\b/.exec(error)?.[1]
  return code === undefined ? undefined : EXPLANATIONS.get(code)?.(claims, settings)
}

function formOf(subject: string): string {
  return /^repo:[^:]*@/.test(subject)
    ? 'this token names owner and repository with ids'
    : 'this token names owner and repository without ids'
}

/** As Entra writes them. */
export const ERRORS: readonly string[] = [...EXPLANATIONS.keys()].map((number) => `AADSTS${number}`)
