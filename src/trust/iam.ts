import { labelFor } from './label.ts'
import { verbatim, type Fragment } from './quote.ts'

/**
 * A name as part of an ARN in a policy: what IAM would read as a wildcard or a variable stands for itself (IAM User Guide,
 * "IAM policy elements: Variables and tags", predefined values).
 */
export function iamLiteral(text: string): string {
  return text.replaceAll(/[*?$]/g, (mark) => `\${${mark}}`)
}

/** What a role is called in Terraform, wherever it is written or meant. */
export function roleLabel(arn: string): string {
  const [, , , , account = '', resource = ''] = arn.split(':')
  return labelFor(`${resource.split('/').at(-1) ?? ''}_${account}`)
}

/** The name of a role that Terraform makes, so that what belongs to it comes after it. */
export function roleReference(arn: string): Fragment {
  return verbatim(`aws_iam_role.${roleLabel(arn)}.name`)
}
