import { scalarText } from '../../shape.ts'
import { apply } from '../account.ts'
import { ACCOUNT, REGION, ROLE } from '../site.ts'
import { openLakehouse, type Lakehouse } from './open.ts'

type More = Readonly<Record<string, unknown>>

/** The buckets of the connection. */
export const openAthena = (): Promise<Lakehouse> => openLakehouse('athena', ['acme-athena', 'acme-lake'])

/** The inputs of a step; what is no input of theirs is a field of the connection. */
export function athenaInputs(more: More = {}): Record<string, string> {
  const {
    run = 'build',
    repository,
    ref = 'refs/heads/main',
    keepAlive = 'auto',
    identity = { role: ROLE, region: REGION },
    ...connection
  } = more
  const output = {
    type: 'athena',
    region_name: REGION,
    s3_staging_dir: 's3://acme-athena/results/',
    s3_data_dir: 's3://acme-lake/dbt/',
    database: 'awsdatacatalog',
    schema: 'analytics',
    work_group: 'dbt',
    poll_interval: 0.5,
    threads: 4,
    ...connection,
  }
  return {
    run: scalarText(run),
    connection: JSON.stringify(output),
    identity: JSON.stringify(identity),
    ref: scalarText(ref),
    'keep-alive': scalarText(keepAlive),
    ...(repository === undefined ? {} : { repository: scalarText(repository) }),
  }
}

/** Lets the account know what the documents for these inputs say, and nothing else. */
export async function trustAthena({ site }: Lakehouse, more: More = {}): Promise<void> {
  site.cloud.providers.clear()
  site.cloud.roles.clear()
  for (const { text } of await site.documents(athenaInputs(more))) apply(site.cloud, text, ACCOUNT)
}
