import type { TrustDocument, TrustFormat } from '../trust.ts'
import { hclDocument, jsonencode, resource } from './hcl.ts'
import { roleLabel, roleReference } from './iam.ts'
import { labelFor } from './label.ts'
import { creations, type Part } from './parts.ts'
import { comment, jsonWord, sh, verbatim } from './quote.ts'

/** What a role of AWS may do, beside who may assume it. */
export interface RolePolicy {
  readonly title: string
  readonly arn: string
  readonly name: string
  readonly policy: unknown
  readonly lines: readonly string[]
  /** Further commands, where they are what is wanted. */
  readonly after?: readonly string[]
}

/** The document that puts a policy to a role. Nothing of a token is compared there. */
export function rolePolicy(one: RolePolicy, format: TrustFormat): TrustDocument {
  const { title, arn, name, policy, lines, after = [] } = one
  const none = { heldThere: [], checkedHere: [] }
  if (format === 'terraform') {
    const text = hclDocument(comment('#', lines), [
      resource('aws_iam_role_policy', labelFor(`${roleLabel(arn)}_${name}`), {
        name,
        role: roleReference(arn),
        policy: jsonencode(policy),
      }),
    ])
    return { title, language: 'hcl', text, ...none }
  }
  const parts = [
    inlinePolicy({ arn, name, policy }),
    ...after.map((create) => ({ what: `done: ${create}`, state: '', create })),
  ]
  return {
    title,
    language: 'sh',
    text: [comment('#', lines), ...creations(parts)].join('\n'),
    before: [comment('#', lines)],
    parts,
    ...none,
  }
}

/** A policy of a role's own. */
export function inlinePolicy({ arn, name, policy }: Pick<RolePolicy, 'arn' | 'name' | 'policy'>): Part {
  const of = verbatim(sh`--role-name ${arn.split('/').at(-1) ?? ''} --policy-name ${name}`)
  const put = sh`aws iam put-role-policy ${of} --policy-document ${jsonWord(policy)}`
  return {
    what: `the policy ${name} of ${arn}`,
    state: JSON.stringify(policy),
    create: put,
    update: put,
    remove: sh`aws iam delete-role-policy ${of}`,
  }
}
