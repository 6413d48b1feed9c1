import type { Makes } from '../../exchange.ts'
import { hclDocument, resource } from '../../trust/hcl.ts'
import { labelFor } from '../../trust/label.ts'
import { comment, json, sh, verbatim } from '../../trust/quote.ts'
import type { Owned, TrustDocument } from '../../trust.ts'
import { heredoc, inNamespace } from './trust.ts'

/** How Vault makes a user of a database and takes it away (api-docs/secret/databases, "Create role"). */
export interface DatabaseRole {
  readonly db_name: string
  readonly creation_statements: readonly string[]
  readonly revocation_statements?: readonly string[]
  readonly credential_type?: 'rsa_private_key'
  readonly credential_config?: { readonly key_bits: number }
  readonly default_ttl: `${number}h`
  readonly max_ttl: `${number}h`
}

/** The same for the provider hashicorp/vault, which counts in seconds. */
export function databaseRoleResource(
  { url, namespace, path }: Makes,
  role: DatabaseRole,
  { title, lines }: { readonly title: string; readonly lines: readonly string[] },
): TrustDocument {
  const [backend = '', name = ''] = path.split('/roles/')
  const { credential_config: config, default_ttl, max_ttl, ...rest } = role
  return {
    title,
    language: 'hcl',
    text: hclDocument(comment('#', lines), [
      resource('vault_database_secret_backend_role', labelFor(`${backend}_${name}`), {
        namespace,
        backend,
        name,
        ...rest,
        credential_config: config && { key_bits: String(config.key_bits) },
        default_ttl: secondsOf(default_ttl),
        max_ttl: secondsOf(max_ttl),
      }),
    ]),
    heldThere: [],
    checkedHere: [],
    owns: [owned(url, namespace, path, role)],
  }
}

function secondsOf(hours: DatabaseRole['default_ttl']): number {
  return Number(hours.slice(0, -1)) * 3600
}

function owned(url: string, namespace: string | undefined, path: string, role: DatabaseRole): Owned {
  return {
    what: whatOf(url, namespace, path),
    rule: JSON.stringify(role),
    remedy: 'Give each target a database role of its own.',
  }
}

function whatOf(url: string, namespace: string | undefined, path: string): string {
  return `the database role ${path} at ${url}${namespace === undefined ? '' : ` in ${namespace}`}`
}

/** The role of the database engine by which users of a warehouse are made. Who may ask for one, the policy says. */
export function databaseRole(
  { url, namespace, path }: Makes,
  role: DatabaseRole,
  { title, lines }: { readonly title: string; readonly lines: readonly string[] },
): TrustDocument {
  const space = inNamespace(namespace)
  const write = heredoc(sh`vault write${space} ${verbatim(path)} -`, json(role))
  return {
    title,
    language: 'sh',
    text: [comment('#', lines), write].join('\n'),
    before: [comment('#', lines)],
    heldThere: [],
    checkedHere: [],
    parts: [
      {
        what: whatOf(url, namespace, path),
        state: JSON.stringify(role),
        create: write,
        update: write,
        remove: sh`vault delete${space} ${verbatim(path)}`,
      },
    ],
    owns: [owned(url, namespace, path, role)],
    prints: printed(role),
  }
}

/** As `vault read -format=json` has it afterwards. */
function printed({ default_ttl, max_ttl, ...role }: DatabaseRole): unknown {
  return {
    revocation_statements: [],
    credential_type: 'password',
    ...role,
    default_ttl: secondsOf(default_ttl),
    max_ttl: secondsOf(max_ttl),
  }
}
