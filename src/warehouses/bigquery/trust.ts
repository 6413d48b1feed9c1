import { comment, sh } from '../../trust/quote.ts'
import { creations, type Part } from '../../trust/parts.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { datasetOf, projectOf, type Connection } from './connection.ts'

const CONTINUED = ' \\\n  '

/** Rights of the identity: jobs in the project that pays, data in the one dataset. */
export function trustOf(c: Connection, request: TrustRequest): readonly TrustDocument[] {
  const member = memberOf(request)
  const dataset = datasetOf(c)
  // Which datasets there will be is known to nobody before the runs: whoever may create one owns it then.
  const open = dataset.includes('{')
  const jobs = [
    bind(c.execution_project ?? projectOf(c), 'roles/bigquery.jobUser', member),
    ...(open ? [bind(projectOf(c), 'roles/bigquery.user', member)] : []),
  ]
  const none = { heldThere: [], checkedHere: [] }
  const shell = [comment('#', headingLines(request, dataset, open)), ...creations(jobs)].join('\n\n')
  const documents: TrustDocument[] = [
    {
      title: `BigQuery: jobs as ${request.target}`,
      language: 'sh',
      text: `${shell}\n`,
      parts: jobs,
      ...none,
    },
  ]
  if (open) return documents
  const before = [
    comment('--', [
      `Data of target ${request.target}. dbt then needs no right to create datasets.`,
      'Run it with `bq query --use_legacy_sql=false`, or in the console.',
    ]),
  ]
  const parts = grantOf(c, member)
  const text = `${[...before, ...creations(parts)].join('\n')}\n`
  return [
    ...documents,
    { title: `BigQuery: data of ${request.target}`, language: 'sql', text, before, parts, ...none },
  ]
}

/** What is to be said before the rights. */
export function headingLines({ target }: TrustRequest, dataset: string, open: boolean): readonly string[] {
  return [
    `Rights of target ${target}. Who may have them is decided by the provider's condition; nothing is compared here.`,
    ...(open
      ? [`The dataset ${dataset} differs from run to run, so roles/bigquery.user lets a run create its own.`]
      : []),
    'Other projects that models read need roles/bigquery.dataViewer on the datasets in question.',
  ]
}

/** Who has them; a federated identity is already written as IAM writes it. */
export function memberOf({ identity }: TrustRequest): string {
  return identity.startsWith('principalSet:') ? identity : `serviceAccount:${identity}`
}

function bind(project: string, role: string, member: string): Part {
  const write = (verb: string): string =>
    [
      sh`gcloud projects ${verb} ${project}`,
      sh`--role=${role}`,
      sh`--member=${member}`,
      '--condition=None',
    ].join(CONTINUED)
  return {
    what: `the role ${role} of ${member} in the project ${project}`,
    state: '',
    create: write('add-iam-policy-binding'),
    remove: write('remove-iam-policy-binding'),
  }
}

/** GoogleSQL: names in backquotes, which the connection's schema keeps out of them, as the identity's keeps out quotes. */
function grantOf(c: Connection, member: string): readonly Part[] {
  const name = `\`${projectOf(c)}.${datasetOf(c)}\``
  const location =
    c.location && /^[A-Za-z0-9-]+$/.test(c.location) ? ` OPTIONS (location = "${c.location}")` : ''
  const right = `\`roles/bigquery.dataEditor\` ON SCHEMA ${name}`
  return [
    {
      what: `the dataset ${name}`,
      state: '',
      create: `CREATE SCHEMA IF NOT EXISTS ${name}${location};`,
    },
    {
      what: `the right of ${member} to ${name}`,
      state: '',
      create: `GRANT ${right} TO "${member}";`,
      remove: `REVOKE ${right} FROM "${member}";`,
    },
  ]
}
