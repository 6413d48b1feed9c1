/** A place in S3: a bucket and what stands before the names of its objects. */
export interface Place {
  readonly bucket: string
  readonly prefix: string
}

/** The places that addresses as `s3://bucket/prefix` name, each once; what is no such address names none. */
export function placesIn(addresses: readonly unknown[]): readonly Place[] {
  const found = addresses.flatMap((one) => {
    const [, bucket, prefix = ''] =
      typeof one === 'string' ? (/^(?:ducklake:)?s3:\/\/([^/]+)(?:\/(.*?))?\/?$/.exec(one) ?? []) : []
    return bucket === undefined ? [] : [{ bucket: anyRun(bucket), prefix: anyRun(prefix) }]
  })
  return [...new Map(found.map((place) => [`${place.bucket}/${place.prefix}`, place])).values()]
}

/** What a run fills in may be anything to the policy. */
function anyRun(text: string): string {
  return text.replaceAll(/\{[^}]*\}/g, '*')
}

/** IAM statements by which objects below the places may be listed, read, written and deleted, and no others. */
export function mayUse(places: readonly Place[], partition: string): readonly unknown[] {
  return places.flatMap(({ bucket, prefix }) => [
    {
      Effect: 'Allow',
      Action: 's3:ListBucket',
      Resource: `arn:${partition}:s3:::${bucket}`,
      ...(prefix === '' ? {} : { Condition: { StringLike: { 's3:prefix': [prefix, `${prefix}/*`] } } }),
    },
    {
      Effect: 'Allow',
      Action: ['s3:GetObject', 's3:PutObject', 's3:DeleteObject', 's3:AbortMultipartUpload'],
      Resource: `arn:${partition}:s3:::${bucket}/${prefix === '' ? '' : `${prefix}/`}*`,
    },
  ])
}
