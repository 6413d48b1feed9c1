import type { TrustDocument, TrustFormat } from '../trust.ts'
import { hclDocument, jsonencode, resource } from './hcl.ts'
import { roleLabel, roleReference } from './iam.ts'
import { labelFor } from './label.ts'
import { comment, jsonWord, sh } from './quote.ts'

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
  const command = sh`aws iam put-role-policy --role-name ${arn.split('/').at(-1) ?? ''} --policy-name ${name} --policy-document ${jsonWord(policy)}`
  return { title, language: 'sh', text: [comment('#', lines), command, ...after].join('\n'), ...none }
}
