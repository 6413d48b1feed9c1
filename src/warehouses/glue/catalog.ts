import { iamLiteral } from '../../trust/iam.ts'

/** What IAM calls a schema of the catalog with its tables; `prefix` is `arn:…:glue:REGION:ACCOUNT`. A claim in its name may be anything. */
export function inCatalog(prefix: string, schema: string): readonly string[] {
  const name = iamLiteral(schema).replaceAll(/\{[^}]*\}/g, '*')
  return [`${prefix}:catalog`, `${prefix}:database/${name}`, `${prefix}:table/${name}/*`]
}
