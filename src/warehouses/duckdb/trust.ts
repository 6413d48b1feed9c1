import { mayUse, placesIn, type Place } from '../../exchanges/aws/objects.ts'
import { checkedRole } from '../../exchanges/aws/place.ts'
import type { TrustDocument, TrustFormat, TrustRequest } from '../../trust.ts'
import { comment } from '../../trust/quote.ts'
import { rolePolicy } from '../../trust/role-policy.ts'
import type { Connection } from './connection.ts'
import { isS3 } from './s3.ts'

/** What the role may do: read and write below the places that the connection names. */
export function s3Trust(
  connection: Connection,
  { identity }: TrustRequest,
  format: TrustFormat,
): readonly TrustDocument[] {
  const { partition, account, name } = checkedRole(identity)
  const places = placesOf(connection)
  const title = `The role ${name} may read and write the objects of dbt`
  const nowhere = comment('#', [
    'The connection names no place in S3 (`external_root`, `path`, `attach`, or the `scope` of a secret), so none can be allowed.',
    `Give ${identity} s3:ListBucket on the bucket and s3:GetObject, s3:PutObject, s3:DeleteObject on its objects.`,
  ])
  if (places.length === 0) return [{ title, language: 'sh', text: nowhere, heldThere: [], checkedHere: [] }]
  const policy = { Version: '2012-10-17', Statement: mayUse(places, partition) }
  const lines = [
    `AWS account ${account}: ${identity} may read and write what the connection names in S3, and nothing else.`,
  ]
  return [rolePolicy({ title, arn: identity, name: 'dbt-s3', policy, lines }, format)]
}

function placesOf({ external_root: root, path, attach = [], secrets = [] }: Connection): readonly Place[] {
  return placesIn(
    [
      root,
      path,
      ...attach.map((one) => one['path']),
      ...secrets.filter(isS3).map(({ scope }) => scope),
    ].flat(),
  )
}
