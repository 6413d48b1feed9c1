import * as z from 'zod/mini'
import { hasKeys, oneOrMore, shaped } from '../../trust/export/shape.ts'
import type { Reader } from '../../trust/reader.ts'
import type { Condition, Statement, Way } from '../../trust/statement.ts'

/** One federated credential (Microsoft Graph, "federatedIdentityCredential resource type"). */
const credential = z.looseObject({
  name: z.optional(z.nullable(z.string())),
  issuer: z.string(),
  subject: z.optional(z.nullable(z.string())),
  audiences: z.optional(z.nullable(oneOrMore)),
  claimsMatchingExpression: z.optional(z.nullable(z.looseObject({ value: z.string() }))),
})

const LIST = 'az ad app federated-credential list'

/** Federated credentials as `az` and Microsoft Graph print them, exact and flexible ones. */
export const reader: Reader = {
  platform: 'Microsoft Entra ID',
  sees: 'subject',
  commonAudience: /^api:\/\/AzureADTokenExchange/,
  understands: [
    LIST,
    'az ad app federated-credential show',
    'az identity federated-credential list',
    'az rest … /federatedIdentityCredentials',
  ],
  async read(document) {
    if (Array.isArray(document) && document.length > 0 && document.every(isCredential))
      return [statementOf(document, [])]
    if (hasKeys(document, 'value') && Array.isArray(document.value) && document.value.every(isCredential))
      return [statementOf(document.value, ['value'])]
    return isCredential(document) ? [statementOf([document])] : undefined
  },
  write: (claim, [first = '', ...more]) => {
    if (claim === 'sub') return `"subject": ${JSON.stringify(first)}`
    if (claim === 'aud') return `"audiences": ${JSON.stringify([first, ...more])}`
    if (claim === 'iss') return `"issuer": ${JSON.stringify(first)}`
    return `claims['${claim}'] eq '${first}'`
  },
}

function isCredential(value: unknown): boolean {
  return (
    hasKeys(value, 'issuer') &&
    // An authorization server of Okta has these, too.
    !Object.hasOwn(value, 'issuerMode') &&
    (Object.hasOwn(value, 'audiences') || Object.hasOwn(value, 'claimsMatchingExpression')) &&
    !Object.hasOwn(value, 'oidc_policy')
  )
}

function statementOf(list: readonly unknown[], path?: readonly PropertyKey[]): Statement {
  return {
    platform: reader.platform,
    what: 'federated credentials of the app',
    ways: list.map((one, at) => wayOf(one, path ? [...path, at] : [])),
  }
}

function wayOf(value: unknown, path: readonly PropertyKey[]): Way {
  const {
    name,
    issuer,
    subject,
    audiences,
    claimsMatchingExpression: flexible,
  } = shaped(credential, value, LIST)
  return {
    name: name ?? 'a credential without a name',
    issuer,
    audiences: [audiences ?? []].flat(),
    conditions: [
      ...(subject ? [{ claim: 'sub', values: [subject], by: 'equals' } as const] : []),
      ...(flexible ? expressionOf(flexible.value) : []),
    ],
    path,
  }
}

const TERM = /^claims\['([^']+)'\] (eq|matches) '([^']*)'$/

/** `claims['sub'] matches 'repo:o/r:*' and …`, with one blank between the words; anything else stays as it is written. */
function expressionOf(text: string): readonly Condition[] {
  const terms = text.trim().split(/ and (?=claims\[)/)
  const read = terms.map((term): Condition | undefined => {
    const [, claim, operator, value = ''] = TERM.exec(term) ?? []
    if (claim === undefined) return undefined
    const by = operator === 'matches' && /[*?]/.test(value) ? 'pattern' : 'equals'
    return { claim, values: [value], by }
  })
  const all = read.filter((one) => one !== undefined)
  return all.length === terms.length
    ? all
    : [{ claim: 'claimsMatchingExpression', values: [text], by: 'expression' }]
}
