import { createPublicKey, randomBytes, type JsonWebKey } from 'node:crypto'
import type { ServerResponse } from 'node:http'
import * as z from 'zod/mini'
import { readBody, sendJson } from './issuer-server.ts'
import type { Issuer } from './issuer.ts'
import type { Okta } from './okta-server.ts'

const TOKEN = 'an-administrators-token'

// Strict: what Okta is told beside it would change what is let in.
const Key = z.strictObject({
  kid: z.string(),
  use: z.literal('sig'),
  alg: z.literal('RS256'),
  kty: z.literal('RSA'),
  n: z.string(),
  e: z.literal('AQAB'),
})
const Scope = z.strictObject({
  name: z.string(),
  consent: z.literal('IMPLICIT'),
  metadataPublish: z.literal('NO_CLIENTS'),
})
const Policy = z.strictObject({
  type: z.literal('OAUTH_AUTHORIZATION_POLICY'),
  status: z.literal('ACTIVE'),
  name: z.string(),
  description: z.string(),
  priority: z.number(),
  conditions: z.strictObject({ clients: z.strictObject({ include: z.array(z.string()) }) }),
})
const Rule = z.strictObject({
  type: z.literal('RESOURCE_ACCESS'),
  status: z.literal('ACTIVE'),
  name: z.string(),
  priority: z.number(),
  conditions: z.strictObject({
    people: z.unknown(),
    grantTypes: z.strictObject({ include: z.array(z.string()) }),
    scopes: z.strictObject({ include: z.array(z.string()) }),
  }),
  actions: z.unknown(),
})

/** What the shell of an administrator has: the token, and a command that tells public keys. */
export const ADMINISTRATOR = { OKTA_API_TOKEN: TOKEN }

/**
 * Okta's management API (developer.okta.com/docs/api, "Application Client Auth Credentials", "Authorization Servers"): what
 * an administrator changes there is what the authorization server goes by.
 */
export function administer(issuer: Issuer, okta: Okta, clientId: string): void {
  const scopes = new Set<string>()
  const policies = new Map<
    string,
    { readonly policy: z.infer<typeof Policy>; readonly rules: Map<string, z.infer<typeof Rule>> }
  >()
  const keys = new Map<string, { readonly key: z.infer<typeof Key>; active: boolean }>()

  /** The server judges by what stands now. */
  function settle(): void {
    const mine = [...policies.values()].filter(({ policy }) =>
      policy.conditions.clients.include.includes(clientId),
    )
    const rules = mine.flatMap((one) => [...one.rules.values()])
    const given = rules.filter(({ conditions }) =>
      conditions.grantTypes.include.includes('client_credentials'),
    )
    okta.register({
      clientId,
      keys: new Map(
        [...keys.values()]
          .filter(({ active }) => active)
          .map(({ key }) => [key.kid, createPublicKey({ key: key as JsonWebKey, format: 'jwk' })]),
      ),
      scopes: given.flatMap(({ conditions }) => conditions.scopes.include.filter((one) => scopes.has(one))),
    })
  }

  issuer.route('/api/v1', async (req, res, path) => {
    if (req.headers.authorization !== `SSWS ${TOKEN}`) return refuse(res, 401, 'Invalid token provided')
    const body = await readBody(req)
    const answered = answerOf(
      `${req.method} ${path}`,
      body === '' ? undefined : (JSON.parse(body) as unknown),
    )
    if (answered === undefined) return refuse(res, 404, `Not found: ${req.method} ${path}`)
    if (typeof answered === 'string') return refuse(res, 400, answered)
    settle()
    return sendJson(res, answered)
  })

  function answerOf(call: string, body: unknown): object | string | undefined {
    const [, verb = '', id = '', rest = ''] =
      /^(\w+) \/apps\/\w+\/credentials\/jwks(?:\/(\w+)(\/lifecycle\/deactivate)?)?$/.exec(call) ?? []
    if (verb !== '') return aboutKeys(verb, id, rest, body)
    const [, how = '', kind = '', policyId = '', ruleId = ''] =
      /^(\w+) \/authorizationServers\/aus1\/(scopes|policies)(?:\/(\w+)(?:\/rules(?:\/(\w+))?)?)?$/.exec(
        call,
      ) ?? []
    if (kind === 'scopes' && how === 'POST') {
      const { name } = Scope.parse(body)
      if (scopes.has(name)) return 'Scope name already exists.'
      scopes.add(name)
      return { id: freshId('scp'), name }
    }
    if (kind === 'policies')
      return aboutPolicies(how, policyId, call.includes('/rules') ? ruleId : undefined, body)
    return undefined
  }

  function aboutKeys(verb: string, id: string, rest: string, body: unknown): object | string | undefined {
    if (verb === 'GET')
      return [...keys].map(([one, { key, active }]) => ({
        id: one,
        ...key,
        status: active ? 'ACTIVE' : 'INACTIVE',
      }))
    if (verb === 'POST' && id === '') {
      const key = Key.parse(body)
      if ([...keys.values()].some((one) => one.key.kid === key.kid)) return 'A key with this kid exists.'
      const fresh = freshId('pks')
      keys.set(fresh, { key, active: true })
      return { id: fresh, ...key, status: 'ACTIVE' }
    }
    const found = keys.get(id)
    if (!found) return undefined
    if (verb === 'POST' && rest !== '') return Object.assign(found, { active: false })
    if (verb !== 'DELETE') return undefined
    if (found.active) return 'An active key cannot be deleted.'
    keys.delete(id)
    return {}
  }

  function aboutPolicies(
    verb: string,
    id: string,
    ruleId: string | undefined,
    body: unknown,
  ): object | string | undefined {
    if (id === '') {
      if (verb === 'GET') return [...policies].map(([one, { policy }]) => ({ id: one, ...policy }))
      const policy = Policy.parse(body)
      if ([...policies.values()].some((one) => one.policy.name === policy.name))
        return 'A policy with this name exists.'
      const fresh = freshId('pol')
      policies.set(fresh, { policy, rules: new Map() })
      return { id: fresh, ...policy }
    }
    const found = policies.get(id)
    if (!found) return undefined
    if (ruleId === undefined) return verb === 'DELETE' && policies.delete(id) ? {} : undefined
    if (verb === 'GET') return [...found.rules].map(([one, rule]) => ({ id: one, ...rule }))
    const rule = Rule.parse(body)
    const at = verb === 'PUT' ? ruleId : freshId('rul')
    if (verb === 'PUT' && !found.rules.has(at)) return undefined
    found.rules.set(at, rule)
    return { id: at, ...rule }
  }
}

function freshId(kind: string): string {
  return `${kind}${randomBytes(8).toString('hex')}`
}

function refuse(res: ServerResponse, status: number, errorSummary: string): void {
  sendJson(res, { errorCode: 'E0000001', errorSummary }, status)
}
