import type { Diagnosis } from '../../exchange.ts'

interface Known extends Diagnosis {
  readonly text: RegExp
  /** As it appears in dbt's output. */
  readonly example: string
}

/** Texts of dbt-redshift and redshift_connector that are about neither rights nor the role. */
const KNOWN: readonly Known[] = [
  {
    text: /'RedshiftServerless' object has no attribute 'get_cluster_credentials_with_iam'/,
    example: "'RedshiftServerless' object has no attribute 'get_cluster_credentials_with_iam'",
    problem: 'This dbt-redshift cannot log in to a workgroup of Redshift Serverless by a role.',
    remedy: 'Use a newer dbt-redshift: this was mended in June 2024.',
  },
  {
    text: /Id[cC] authentication failed|access_token missing from Idp token request/,
    example: 'access_token missing from Idp token request',
    problem:
      'The driver got no usable token from the token endpoint, or IAM Identity Center does not take the one that it got.',
    remedy:
      'An endpoint must answer with `access_token` in JSON. If it does, compare the trusted token issuer of IAM Identity Center (issuer, audience, the claim that names the user) with the claims.',
  },
  {
    text: /Rate limit on identity provider's token dispatch/,
    example: "Rate limit on identity provider's token dispatch",
    problem: 'The identity provider was asked for a token by too many connections at once.',
    remedy: 'Lower `threads`.',
  },
]

/** What an error text of the driver means. */
export function diagnoseDriver(error: string): Diagnosis | undefined {
  const known = KNOWN.find(({ text }) => text.test(error))
  return known && { problem: known.problem, remedy: known.remedy }
}

/** As they appear in dbt's output. */
export const DRIVER_ERRORS: readonly string[] = KNOWN.map(({ example }) => example)
