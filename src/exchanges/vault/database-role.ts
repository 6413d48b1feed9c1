import type { Makes } from '../../exchange.ts'
import { comment, json, sh, verbatim } from '../../trust/quote.ts'
import type { TrustDocument } from '../../trust.ts'
import { heredoc, inNamespace } from './trust.ts'

/** How Vault makes a user of a database and takes it away (api-docs/secret/databases, "Create role"). */
export interface DatabaseRole {
  readonly db_name: string
  readonly creation_statements: readonly string[]
  readonly revocation_statements?: readonly string[]
  readonly credential_type?: 'rsa_private_key'
  readonly credential_config?: { readonly key_bits: number }
  readonly default_ttl: string
  readonly max_ttl: string
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
        what: `the database role ${path} at ${url}${namespace === undefined ? '' : ` in ${namespace}`}`,
        state: JSON.stringify(role),
        create: write,
        update: write,
        remove: sh`vault delete${space} ${verbatim(path)}`,
      },
    ],
    owns: [
      {
        what: `the database role ${path} at ${url}${namespace === undefined ? '' : ` in ${namespace}`}`,
        rule: JSON.stringify(role),
        remedy: 'Give each target a database role of its own.',
      },
    ],
  }
}
