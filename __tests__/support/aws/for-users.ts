/**
 * What STS leaves to a session that carries a user of IAM Identity Center, by a policy that it adds by itself: of the services here.
 * https://docs.aws.amazon.com/aws-managed-policy/latest/reference/AWSIAMIdentityCenterAllowListForIdentityContext.html (v12)
 */
const LEFT: Readonly<Record<string, string>> = {
  athena:
    'GetQueryExecution GetQueryResults GetWorkGroup StartQueryExecution StopQueryExecution GetDatabase GetDataCatalog GetTableMetadata ListDatabases ListTableMetadata',
  glue: 'GetDatabase GetDatabases GetTable GetTables GetTableVersions GetPartition GetPartitions BatchGetPartition SearchTables CreateDatabase UpdateDatabase DeleteDatabase CreateTable DeleteTable BatchDeleteTable UpdateTable BatchCreatePartition CreatePartition DeletePartition BatchDeletePartition UpdatePartition BatchUpdatePartition',
  lakeformation: 'GetDataAccess',
  s3: 'GetAccessGrantsInstanceForPrefix GetDataAccess ListCallerAccessGrants',
  sts: 'SetContext',
}

/** Whether it leaves this action. */
export function leftToUsers(action: string): boolean {
  const [service = '', name = ''] = action.split(':')
  return (LEFT[service] ?? '').split(' ').includes(name)
}
