import { jsonWord, sh } from '../../trust/quote.ts'

/** What the trusted token issuer is called in an instance that has no other. */
export const ISSUER_NAME = 'github-actions'

/** Sets the variable `instance` of a shell: an account has one in a region. */
export function findInstance(region: string): string {
  return sh`instance=$(aws sso-admin list-instances --region ${region} --query ${'Instances[0].InstanceArn'} --output text)`
}

/** Sets the variable `issuer`, where `instance` is set. */
export function findIssuer(region: string): string {
  return sh`issuer=$(aws sso-admin list-trusted-token-issuers --region ${region} --instance-arn "$instance" --query ${`TrustedTokenIssuers[?Name==\`"${ISSUER_NAME}"\`].TrustedTokenIssuerArn | [0]`} --output text)`
}

/** Sets the variables `store` and `group`, where `instance` is set. */
export function findGroup(region: string, group: string): string {
  return [
    findStore(region),
    sh`group=$(aws identitystore get-group-id --region ${region} --identity-store-id "$store" --alternate-identifier ${jsonWord(named('displayName', group))} --query GroupId --output text)`,
  ].join('\n')
}

/** Sets the variable `store`, where `instance` is set. */
export function findStore(region: string): string {
  return sh`store=$(aws sso-admin describe-instance --region ${region} --instance-arn "$instance" --query IdentityStoreId --output text)`
}

function named(path: string, value: string): unknown {
  return { UniqueAttribute: { AttributePath: path, AttributeValue: value } }
}
