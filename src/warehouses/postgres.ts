import type { Credential } from '../credential.ts'
import type { Value } from '../profile.ts'
import { isLoopbackHost } from '../rehearsal.ts'
import { warehouse, type Acceptance, type Attribution, type Fault } from '../warehouse.ts'
import { connection, databaseOf, regionOf, type Connection } from './postgres/connection.ts'
import { diagnose, ERRORS } from './postgres/diagnosis.ts'
import { FIELDS } from './postgres/fields.ts'

/** libpq reads it at each connect, and dbt connects anew for every node: a replaced file reaches a running dbt. */
const PASSFILE = 'pgpass'

const PRIVATE =
  'A private address is not reachable from a runner that GitHub hosts: take a runner inside the network, or give the database a public address that only the runners may use.'

const KEPT = {
  trades: 'action',
  keepAlive: { by: 'file', name: PASSFILE },
  dbt2: 'its adapter is experimental; the same file, where that reads it (not run)',
} as const

const rds: Acceptance<Connection> = {
  kind: 'password',
  ...KEPT,
  want: (c) => {
    const region = regionOf(c.host)
    return {
      host: c.host,
      port: c.port,
      user: c.user,
      database: databaseOf(c),
      ...(region === undefined ? {} : { region }),
    }
  },
  faults: (c) =>
    flaws(
      c,
      regionOf(c.host) !== undefined,
      'RDS takes a token only under the name of its own endpoint: write that, NAME.ID.REGION.rds.amazonaws.com, and no alias',
    ),
}

const azure: Acceptance<Connection> = {
  kind: 'bearer',
  ...KEPT,
  want: (c) => ({ scope: `${resourceOf(c.host)}/.default`, host: c.host, user: c.user }),
  faults: (c) =>
    flaws(
      c,
      /\.postgres\.(?:cosmos\.azure\.com|database\.(?:azure\.com|usgovcloudapi\.net|chinacloudapi\.cn))$/.test(
        c.host,
      ),
      'a token of Entra opens every database that knows the user, so it goes to Azure alone: write NAME.postgres.database.azure.com',
    ),
}

/** Of Entra, for whom a database of Azure takes tokens: by its cloud, and Cosmos DB for PostgreSQL for itself. */
function resourceOf(host: string): string {
  if (host.endsWith('.cosmos.azure.com')) return 'https://token.postgres.cosmos.azure.com'
  const [, cloud = 'windows.net'] = /\.(usgovcloudapi\.net|chinacloudapi\.cn)$/.exec(host) ?? []
  return `https://ossrdbms-aad.database.${cloud}`
}

const cloudSql: Acceptance<Connection> = {
  kind: 'bearer',
  ...KEPT,
  want: (c) => ({ scope: 'https://www.googleapis.com/auth/sqlservice.login', host: c.host, user: c.user }),
  faults: (c) => flaws(c, true, ''),
}

/** Any PostgreSQL: Vault makes the user for the run, so that the connection names none. */
const vault: Acceptance<Connection> = {
  kind: 'password',
  trades: 'action',
  // Another purchase would be another user, and dbt has read the name of the first.
  keepAlive: { by: 'static' },
  want: (c) => ({
    host: c.host,
    port: c.port,
    database: databaseOf(c),
    ...(c.user === '' ? {} : { user: c.user }),
  }),
}

/** PostgreSQL: of a cloud, where the password is a token of the cloud, or any other, where Vault makes the user. */
export default warehouse<Connection>({
  type: 'postgres',
  title: 'PostgreSQL',
  connection,
  fields: FIELDS,
  credentialFields: ['password', 'pass'],
  accepts: { aws: rds, entra: azure, google: cloudSql, vault },
  adapter: { package: 'dbt-postgres', bad: [] },
  carry({ connection: c, credential, directory }) {
    const name = credential.kind === 'password' ? credential.user : c.user
    const [host, port, user, password] = [c.host, String(c.port), name, passwordOf(credential)].map(escaped)
    return {
      fields: {
        // dbt demands one; an empty password makes libpq look into the file.
        password: text(''),
        ...(name === c.user ? {} : { user: text(name) }),
        port: { kind: 'plain', source: String(c.port) },
        ...(c.sslmode === undefined ? { sslmode: text(c.sslrootcert ? 'verify-full' : 'require') } : {}),
      },
      secrets: {},
      files: { [PASSFILE]: `${host}:${port}:*:${user}:${password}\n` },
      env: { PGPASSFILE: `${directory}/${PASSFILE}` },
    }
  },
  attribute: (run) => ({ application_name: text(applicationName(run)) }),
  describe: (c) =>
    `${databaseOf(c)}.${c.schema} on ${c.host} as ${c.user === '' ? 'a user of its own' : c.user}`,
  hosts: (c) => [c.host],
  preflight: async ({ connection: c, credential }, tools) =>
    (await import('./postgres/preflight.ts')).preflight(
      credential.kind === 'password' ? { ...c, user: credential.user } : c,
      passwordOf(credential),
      tools,
    ),
  trust: async (c, request) => (await import('./postgres/trust.ts')).trust(c, request),
  terraform: async (c, request) => (await import('./postgres/trust.ts')).terraform(c, request),
  diagnose,
  errors: ERRORS,
  notes: [
    'The password stands in a file that libpq reads at each connection, and that is replaced while dbt runs; the profile holds none.',
    'For `sslmode: verify-full` name the bundle of the certificate authority of your cloud by `sslrootcert`; without it the default is `require`, which encrypts and does not check the certificate.',
    'Through Vault the user is made for the run and dropped after it: its life is that of the lease, and dbt keeps its first name.',
    'No account of Azure Database or Cloud SQL has been tried: which tokens they take, and as whom, is from their documentation.',
    'dbt 2.x has PostgreSQL behind DBT_ALLOW_EXPERIMENTAL_ADAPTERS only (not run).',
  ],
  proof: { aws: 'our verifier', entra: 'our verifier', google: 'our verifier', vault: 'third-party server' },
  example: {
    type: 'postgres',
    host: 'shop.cluster-c1a2b3c4d5e6.eu-west-1.rds.amazonaws.com',
    port: 5432,
    user: 'dbt_prod',
    dbname: 'shop',
    schema: 'analytics',
    threads: 4,
  },
  examples: {
    aws: { about: [PRIVATE] },
    entra: { connection: { host: 'shop.postgres.database.azure.com', user: 'dbt-prod' } },
    vault: {
      connection: { host: 'db.acme.example', user: undefined },
      about: ['The connection names no user: Vault makes one for each run, which acts as one lasting owner.'],
    },
    google: {
      connection: { host: '10.20.0.3', user: 'dbt-prod@acme-prod.iam' },
      about: [
        PRIVATE,
        'The example has such an address, so its job wants `runs-on` of a runner in the same VPC.',
      ],
    },
  },
})

function text(value: string): Value {
  return { kind: 'text', text: value }
}

function passwordOf(credential: Credential): string {
  if (credential.kind === 'password') return credential.password
  if (credential.kind === 'bearer') return credential.token
  throw new Error(`postgres cannot carry a ${credential.kind} credential`)
}

/** libpq, "The Password File": a colon or a backslash within a field has a backslash in front. */
function escaped(field: string): string {
  return field.replaceAll(/[\\:]/g, String.raw`\$&`)
}

/** PostgreSQL keeps 63 bytes of it, of ASCII alone. */
function applicationName({ repository, run, attempt }: Attribution): string {
  return `dbt-oidc ${run}.${attempt} ${repository}`.slice(0, 63)
}

/** The database knows its users by names of their own, and a cloud's token says none of them. */
function flaws({ host, user }: Connection, vendors: boolean, why: string): readonly Fault[] {
  const nobody: readonly Fault[] =
    user === '' ? [{ field: 'user', problem: 'The connection must name the user of the database.' }] : []
  // A tunnel of the vendor's own, or a rehearsal.
  if (vendors || isLoopbackHost(host)) return nobody
  return [
    ...nobody,
    { field: 'host', problem: `\`${host}\` is not the address of a database there: ${why}.` },
  ]
}
