import type { Diagnosis } from '../exchange.ts'
import { callerIdentity } from '../exchanges/aws/caller.ts'
import { isEndpoint, suffixOf } from '../exchanges/aws/partition.ts'
import { BY_CHAIN, byChain } from '../keepalive/aws-keys.ts'
import { warehouse } from '../warehouse.ts'
import { connection, type Connection } from './glue/connection.ts'
import { FIELDS } from './glue/fields.ts'

const CONFIG = 'aws-config'

/** Glue: dbt opens an interactive session with the keys of the role; the session itself runs as another role. */
export default warehouse<Connection>({
  type: 'glue',
  title: 'Glue',
  connection,
  fields: FIELDS,
  // dbt-glue has none: it takes what AWS's own chain finds.
  credentialFields: [],
  accepts: {
    aws: {
      kind: 'aws',
      trades: 'action',
      keepAlive: BY_CHAIN,
      dbt2: 'release candidate 196 has no adapter of this type',
      want: ({ region }) => ({ region }),
    },
  },
  adapter: { package: 'dbt-glue', bad: [] },
  carry({ connection: { region }, credential, directory, hook }) {
    if (credential.kind !== 'aws') throw new Error(`glue cannot carry a ${credential.kind} credential`)
    const { files, env } = byChain(credential, directory, hook)
    // It asks STS without a region of its own.
    const config = `[default]\nregion = ${region}\n`
    return {
      fields: {},
      secrets: {},
      files: { ...files, [CONFIG]: config },
      env: { ...env, AWS_CONFIG_FILE: `${directory}/${CONFIG}` },
    }
  },
  describe: ({ schema, region, role_arn: role }) => `${schema} in ${region}, in sessions that run as ${role}`,
  allowsHost: isEndpoint,
  hosts: ({ region }) =>
    ['glue', 's3', 'sts', 'lakeformation'].map((service) => `${service}.${region}.${suffixOf(region) ?? ''}`),
  preflight: async ({ credential }, { io, identity }) => {
    if (credential.kind !== 'aws') throw new Error(`glue cannot ask with a ${credential.kind} credential`)
    return callerIdentity(credential, identity, io)
  },
  trust: async (c, request) => (await import('./glue/trust.ts')).trust(c, request),
  terraform: async (c, request) => (await import('./glue/trust.ts')).trust(c, request, 'terraform'),
  diagnose,
  errors: ['is not authorized to perform: iam:PassRole', 'is not authorized to perform: glue:CreateSession'],
  notes: [
    'The keys of the role are in no field and no variable: in run mode dbt 1.x asks this action for them, on 127.0.0.1, as in a container of AWS; with `keep-alive: off` or in prepared mode they stand in a private file.',
    '`role_arn` of the connection is the role that the session of Glue runs as. It needs no trust in GitHub; the role of the workflow has to be allowed to pass it.',
    'dbt 2.x has no Glue.',
  ],
  proof: { aws: 'our verifier' },
  example: {
    type: 'glue',
    role_arn: 'arn:aws:iam::123456789012:role/glue-session',
    region: 'eu-west-1',
    schema: 'analytics',
    location: 's3://acme-lake/dbt/',
    worker_type: 'G.1X',
    workers: 2,
    threads: 1,
  },
})

function diagnose(error: string, c: Connection): Diagnosis | undefined {
  if (/not authorized to perform:? iam:PassRole/i.test(error))
    return {
      problem: `The role of the workflow may not hand ${c.role_arn} to Glue.`,
      remedy: 'Give it the policy that `dbt-oidc trust` prints, which has iam:PassRole for that role alone.',
    }
  const [, action] = /not authorized to perform:? ((?:glue|s3|lakeformation):\w+)/i.exec(error) ?? []
  if (action !== undefined)
    return {
      problem: `A role may not ${action}: that of the workflow, or ${c.role_arn}, which the session runs as.`,
      remedy: `The message names which one. The first needs the policy that \`dbt-oidc trust\` prints; the second what its models read and write.`,
    }
  return undefined
}
