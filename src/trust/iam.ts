/**
 * A name as part of an ARN in a policy: what IAM would read as a wildcard or a variable stands for itself (IAM User Guide,
 * "IAM policy elements: Variables and tags", predefined values).
 */
export function iamLiteral(text: string): string {
  return text.replaceAll(/[*?$]/g, (mark) => `\${${mark}}`)
}
