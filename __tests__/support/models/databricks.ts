// Databricks' OAuth token federation, for a service principal:
// https://docs.databricks.com/aws/en/dev-tools/auth/oauth-federation-policy ("Configure a federation policy"): issuer, subject and
//   one of the audiences must equal the token's; the subject is that of `subject_claim`, by default `sub`. Exact matches only.
// https://docs.databricks.com/aws/en/dev-tools/auth/oauth-federation-provider (GitHub Actions): one policy for each subject.
// The command: databricks/cli, `account service-principal-federation-policy create --json`.
import * as z from 'zod/mini'
import { textsOf, type Model } from './presented.ts'
import { fitting, type Whole } from './whole.ts'

// Strict: a field that this model does not know would change what is let in.
const Command = z.strictObject({
  oidc_policy: z.strictObject({ issuer: z.string(), audiences: z.array(z.string()), subject: z.string() }),
})

/** The policies in a script of the Databricks CLI, read back from its own words: `--json '{"oidc_policy": …}'`. */
export function policiesOf(script: string): readonly Whole[] {
  const policies = new Map<string, Whole>()
  for (const line of script.split('\n')) {
    const [, verb, rest = ''] = /service-principal-federation-policy (\w+) "\$SP" (.*)$/.exec(line) ?? []
    if (verb === undefined) continue
    const id = /^(?:--policy-id )?([\w-]+)/.exec(rest)?.[1] ?? `policy ${policies.size}`
    if (verb === 'create' && policies.has(id)) throw new Error(`ALREADY_EXISTS: ${id}`)
    if (verb !== 'create' && !policies.has(id)) throw new Error(`NOT_FOUND: ${id}`)
    if (verb === 'delete') policies.delete(id)
    else policies.set(id, policyIn(rest))
  }
  return [...policies.values()]
}

function policyIn(words: string): Whole {
  const [, quoted = ''] = /--json '((?:[^']|'\\'')*)'/.exec(words) ?? []
  return Command.parse(JSON.parse(quoted.replaceAll(`'\\''`, "'"))).oidc_policy
}

/** Lets in whoever fits a policy of the service principal. */
export const databricks: Model = (documents) => {
  const policies = policiesOf(textsOf(documents, 'sh').join('\n'))
  return (claims) => 'entry' in fitting(policies, claims)
}
