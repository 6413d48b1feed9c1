// Vault's JWT auth method:
// https://developer.hashicorp.com/vault/api-docs/auth/jwt ("Configure", "Create role"): the issuer equals `bound_issuer`, and `aud` is
//   one of `bound_audiences`.
// https://developer.hashicorp.com/vault/docs/auth/jwt ("Bound claims"): every one must be there and be one of its values, or fit one
//   as a glob where `bound_claims_type` says so; `user_claim` must be there.
// The source: hashicorp/vault-plugin-auth-jwt 0.25, claims.go (validateBoundClaims) and path_login.go; its globs: ryanuber/go-glob.
import * as z from 'zod/mini'
import { commandsOf } from '../aws/shell.ts'
import { isRecord, scalarText } from '../shape.ts'
import { textsOf, type Model, type Presented } from './presented.ts'

const Texts = z.array(z.string())

// Strict: a field that this model does not know would change what is let in.
const Role = z.strictObject({
  role_type: z.literal('jwt'),
  user_claim: z.string(),
  bound_audiences: Texts,
  bound_claims_type: z.enum(['string', 'glob']),
  bound_claims: z.record(z.string(), z.union([z.string(), Texts])),
  claim_mappings: z.record(z.string(), z.string()),
  token_policies: Texts,
  token_ttl: z.string(),
  token_type: z.string(),
})

/** A role of the JWT auth method, as `vault write` was given it. */
export type VaultRole = z.infer<typeof Role>

/** What commands of `vault` leave behind. */
export interface VaultTrust {
  /** By mount. */
  readonly configs: ReadonlyMap<string, { readonly issuer: string; readonly discovery: string }>
  /** By mount and name. */
  readonly roles: ReadonlyMap<string, VaultRole>
  readonly policies: ReadonlyMap<string, string>
  /** Roles of database engines, by mount and name. */
  readonly databases: ReadonlyMap<string, DatabaseRole>
}

// What the documentation of the database engine has ("Create role").
const Database = z.strictObject({
  db_name: z.string(),
  creation_statements: Texts,
  revocation_statements: z.optional(Texts),
  credential_type: z.optional(z.literal('rsa_private_key')),
  credential_config: z.optional(z.strictObject({ key_bits: z.literal(2048) })),
  default_ttl: z.string(),
  max_ttl: z.string(),
})

/** A role of the database engine. */
export type DatabaseRole = z.infer<typeof Database>

/** Runs the commands of a document. */
export function readVault(document: string): VaultTrust {
  const configs = new Map<string, { readonly issuer: string; readonly discovery: string }>()
  const roles = new Map<string, VaultRole>()
  const policies = new Map<string, string>()
  const databases = new Map<string, DatabaseRole>()
  const lines = document.replaceAll(
    /^(vault .*) <<'VAULT_END'\n([\s\S]*?)\nVAULT_END$/gm,
    (_all, command: string, text: string) => `${command} '${text.replaceAll("'", `'\\''`)}'`,
  )
  for (const [program, ...words] of commandsOf(lines)) {
    if (program !== 'vault') throw new Error(`no command of Vault: ${program}`)
    const [verb, ...rest] = words.filter((word) => !word.startsWith('-') || word === '-')
    if (verb === 'auth') continue
    const [path = '', ...values] = rest
    const [, mount = '', kind, name = ''] = /^auth\/(.+?)\/(config|role)(?:\/(.+))?$/.exec(path) ?? []
    if (verb === 'policy' && path === 'delete') policies.delete(values[0] ?? '')
    else if (verb === 'policy') policies.set(values[0] ?? '', values[2] ?? '')
    else if (verb === 'delete' && kind === 'role') roles.delete(`${mount}/${name}`)
    else if (kind === 'config') {
      const given = new Map(values.map((value) => [value.split('=')[0], value.replace(/^[^=]*=/, '')]))
      configs.set(mount, {
        issuer: given.get('bound_issuer') ?? '',
        discovery: given.get('oidc_discovery_url') ?? '',
      })
    } else if (kind === 'role') roles.set(`${mount}/${name}`, Role.parse(JSON.parse(values[1] ?? '')))
    else if (verb === 'delete' && /^[\w-]+\/roles\/[\w-]+$/.test(path))
      databases.delete(path.replace('/roles/', '/'))
    else if (/^[\w-]+\/roles\/[\w-]+$/.test(path))
      databases.set(path.replace('/roles/', '/'), Database.parse(JSON.parse(values[1] ?? '')))
    else throw new Error(`what would ${words.join(' ')} do?`)
  }
  return { configs, roles, policies, databases }
}

/** Why a role does not take the claims of a verified token, in Vault's words. */
export function flawOf(role: VaultRole, claims: Presented): string | undefined {
  const presented = [claims.aud ?? []].flat().map(scalarText)
  if (!role.bound_audiences.some((one) => presented.includes(one)))
    return 'error validating token: invalid audience (aud) claim: audience claim does not match any expected audience'
  if (claims[role.user_claim] === undefined) return `claim "${role.user_claim}" not found in token`
  for (const [name, expected] of Object.entries(role.bound_claims)) {
    const actual = claimAt(name, claims)
    if (actual === undefined) return `error validating claims: claim "${name}" is missing`
    const fits = [expected]
      .flat()
      .some((one) =>
        role.bound_claims_type === 'glob'
          ? globbed(one, typeof actual === 'string' ? actual : '')
          : one === actual,
      )
    if (!fits)
      return `error validating claims: claim "${name}" does not match any associated bound claim values`
  }
  return undefined
}

/** claims.go, getClaim: a name that begins with a slash is a JSON pointer (mitchellh/pointerstructure). */
function claimAt(name: string, claims: Presented): unknown {
  if (!name.startsWith('/')) return claims[name]
  const way = name.slice(1).split('/')
  return way
    .map((part) => part.replaceAll('~1', '/').replaceAll('~0', '~'))
    .reduce<unknown>((within, part) => (isRecord(within) ? within[part] : undefined), claims)
}

/** A star is any run of characters, and nothing else is special. */
function globbed(pattern: string, value: string): boolean {
  const literal = pattern.split('*').map((part) => part.replaceAll(/[\\^$.*+?()[\]{}|]/g, String.raw`\$&`))
  return new RegExp(`^${literal.join('.*')}$`, 's').test(value)
}

/** Lets in whoever some role takes: who asks names the role. */
export const vault: Model = (documents) => {
  const { configs, roles } = readVault(textsOf(documents, 'sh').join('\n'))
  return (claims) =>
    [...roles].some(
      ([path, role]) =>
        configs.get(path.slice(0, path.lastIndexOf('/')))?.issuer === claims.iss &&
        flawOf(role, claims) === undefined,
    )
}
