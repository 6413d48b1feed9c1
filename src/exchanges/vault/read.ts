import * as z from 'zod/mini'
import { hasKeys, oneOrMore, shaped } from '../../trust/export/shape.ts'
import type { Reader } from '../../trust/reader.ts'
import type { Condition, Statement } from '../../trust/statement.ts'
import { databaseStatement, isDatabaseRole, READ_DATABASE } from './read-database.ts'

const none = <T extends z.ZodMiniType>(schema: T) => z.optional(z.nullable(schema))

/** A role of the JWT auth method (Vault HTTP API, "JWT/OIDC auth method", read role); OpenBao prints the same. */
const role = z.looseObject({
  role_type: none(z.string()),
  bound_audiences: none(oneOrMore),
  bound_subject: none(z.string()),
  bound_claims_type: none(z.string()),
  bound_claims: none(z.record(z.string(), oneOrMore)),
  token_policies: none(oneOrMore),
  token_bound_cidrs: none(oneOrMore),
})

const READ = 'vault read -format=json auth/jwt/role/NAME'

/** Roles of the JWT auth method, whose issuer stands in the configuration of the method, and of the database engine. */
export const reader: Reader = {
  platform: 'Vault',
  sees: 'claims',
  issuerStands: 'vault read auth/jwt/config',
  understands: [READ, READ_DATABASE],
  async read(document) {
    const bare = statementIn(document, [])
    if (bare) return [bare]
    const within = hasKeys(document, 'data') ? statementIn(document.data, ['data']) : undefined
    return within && [within]
  },
  write: (claim, values) => {
    const text = JSON.stringify(values.length === 1 ? values[0] : values)
    if (claim === 'aud') return `"bound_audiences": ${JSON.stringify(values)}`
    if (claim === 'iss') return `vault write auth/jwt/config bound_issuer=${text}`
    return claim === 'sub'
      ? `"bound_subject": ${text}`
      : `"bound_claims": {${JSON.stringify(claim)}: ${text}}`
  },
}

function statementIn(value: unknown, path: readonly PropertyKey[]): Statement | undefined {
  if (isRole(value)) return statementOf(value, path)
  return isDatabaseRole(value) ? databaseStatement(value, path) : undefined
}

function isRole(value: unknown): boolean {
  return hasKeys(value, 'bound_audiences', 'bound_claims') && Object.hasOwn(value, 'user_claim')
}

function statementOf(value: unknown, path: readonly PropertyKey[]): Statement {
  const read = shaped(role, value, READ)
  const policies = [read.token_policies ?? []].flat()
  const networks = [read.token_bound_cidrs ?? []].flat()
  const interactive = read.role_type === 'oidc'
  return {
    platform: reader.platform,
    what: 'role of the JWT auth method',
    ways: [
      {
        name: 'the role',
        issuer: undefined,
        audiences: [read.bound_audiences ?? []].flat(),
        conditions: [
          ...(read.bound_subject
            ? [{ claim: 'sub', values: [read.bound_subject], by: 'equals' } as const]
            : []),
          ...conditionsOf(read.bound_claims ?? {}, read.bound_claims_type === 'glob'),
        ],
        path,
      },
    ],
    settings: new Map(policies.length === 0 ? [] : [['token_policies', policies.toSorted().join(', ')]]),
    remarks: [
      ...(networks.length === 0 ? [] : [`It lets in from ${networks.join(', ')} only.`]),
      ...(interactive ? ['It is of the type `oidc`: people log in by it, and no token of GitHub.'] : []),
    ],
  }
}

/** Claims are compared whole, or by globs whose `*` stands for any characters and nothing else for anything. */
function conditionsOf(
  claims: Readonly<Record<string, string | readonly string[]>>,
  globs: boolean,
): readonly Condition[] {
  return Object.entries(claims).map(([claim, value]) => {
    const values = [value].flat()
    return { claim, values, by: globs && values.some((one) => one.includes('*')) ? 'pattern' : 'equals' }
  })
}
