import { isLoopbackHost } from '../rehearsal.ts'
import { warehouse } from '../warehouse.ts'
import { connection, datasetOf, projectOf, scopesOf, type Connection } from './bigquery/connection.ts'
import { diagnose, ERRORS } from './bigquery/diagnose.ts'
import { byHook } from './bigquery/hook.ts'
import { FIELDS } from './bigquery/fields.ts'
import { history } from './bigquery/history.ts'

/** Domains of Google's own APIs, with those of the sovereign clouds; below others of its names it shows pages of strangers. */
const DOMAINS = /\.(?:googleapis\.com|s3nsapis\.fr|apis-[a-z0-9-]+\.goog)$/

/**
 * BigQuery with an access token that the action has bought, or with what dbt's driver needs to buy its own. dbt-bigquery takes labels of its jobs from `query-comment` of
 * dbt_project.yml alone, so there is no field of attribution; the run stands in Google's audit logs all the same, as the
 * subject of the federated identity (repository id, run id, attempt), and `dbt_invocation_id` on each job.
 */
export default warehouse<Connection>({
  type: 'bigquery',
  title: 'BigQuery',
  connection,
  fields: FIELDS,
  credentialFields: [
    'method',
    'keyfile',
    'keyfile_json',
    'token',
    'refresh_token',
    'client_id',
    'client_secret',
    'token_uri',
    'token_endpoint',
    'workload_pool_provider_path',
    'service_account_impersonation_url',
  ],
  // The service account may have rights far beyond BigQuery.
  widening: ['scopes'],
  accepts: {
    google: {
      kind: 'bearer',
      trades: 'action',
      keepAlive: { by: 'token-url' },
      want: (c) => ({ scope: scopesOf(c).join(' ') }),
      // The token that dbt gets may do nothing but BigQuery, so dbt cannot buy another with it.
      faults: (c) =>
        c.impersonate_service_account === undefined
          ? []
          : [
              {
                field: 'impersonate_service_account',
                problem:
                  'does not go together with an identity of Google: write the account as `service-account` under `identity`, and those before it as `delegates`.',
              },
            ],
    },
  },
  adapter: { package: 'dbt-bigquery', bad: [] },
  carry({ connection: c, credential, directory, hook }) {
    if (hook) return byHook(c, directory, hook)
    if (credential.kind !== 'bearer') throw new Error(`bigquery cannot carry a ${credential.kind} credential`)
    return {
      fields: {
        method: { kind: 'text', text: 'oauth-secrets' },
        token: { kind: 'secret', name: 'TOKEN' },
      },
      secrets: { TOKEN: credential.token },
      files: {},
      env: {},
    }
  },
  describe: (c) => `${projectOf(c)}.${datasetOf(c)}${c.location ? ` in ${c.location}` : ''}`,
  history,
  preflight: async (source, tools) => (await import('./bigquery/preflight.ts')).preflight(source, tools),
  trust: async (c, request) => (await import('./bigquery/trust.ts')).trustOf(c, request),
  terraform: async (c, request) => (await import('./bigquery/terraform.ts')).terraformOf(c, request),
  diagnose,
  errors: ERRORS,
  notes: [
    'In run mode dbt 1.x gets a credential file of Google’s (`external_account`) and trades by itself for as long as the job lives: it asks this action, on 127.0.0.1, for each ID token. With `delegates`, `keep-alive: off`, dbt 2.x or in prepared mode dbt reads one access token, so that a run has to end within the `lifetime` of the identity.',
    'Labels of jobs come from `query-comment: { job-label: true }` of dbt_project.yml alone, so this action adds none; each job has the label `dbt_invocation_id`.',
    'dbt 2.x takes `method: oauth-secrets` as well: read in its source, not run.',
    'That a dry run names its user, which `preflight` shows, is as documented and not verified.',
    'The roles are those of Google’s documentation and have not been tried on a real account, nor has a federated identity as the grantee of `GRANT`.',
  ],
  allowsHost: (host) => DOMAINS.test(host),
  hosts: (c) => [hostOf(c)],
  proof: { google: 'our verifier' },
  example: {
    type: 'bigquery',
    project: 'acme-prod',
    dataset: 'analytics',
    location: 'EU',
    threads: 4,
  },
})

function hostOf({ api_endpoint: endpoint }: Connection): string {
  const url = endpoint === undefined ? null : URL.parse(endpoint)
  if (!url) return 'bigquery.googleapis.com'
  return isLoopbackHost(url.host) ? url.host : url.hostname
}
