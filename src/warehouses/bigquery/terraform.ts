import { hclDocument, reference, resource } from '../../trust/hcl.ts'
import { labelFor } from '../../trust/label.ts'
import { comment } from '../../trust/quote.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { datasetOf, projectOf, type Connection } from './connection.ts'
import { headingLines, memberOf } from './trust.ts'

/** The same as `trustOf`, for the provider hashicorp/google. */
export function terraformOf(c: Connection, request: TrustRequest): readonly TrustDocument[] {
  const { target } = request
  const member = memberOf(request)
  const dataset = datasetOf(c)
  const open = dataset.includes('{')
  const project = projectOf(c)
  const role = (label: string, where: string, name: string): string =>
    resource('google_project_iam_member', labelFor(`${target}_${label}`), {
      project: where,
      role: name,
      member,
    })
  const blocks = [
    role('jobs', c.execution_project ?? project, 'roles/bigquery.jobUser'),
    ...(open
      ? [role('datasets', project, 'roles/bigquery.user')]
      : [
          resource('google_bigquery_dataset', labelFor(`${project}_${dataset}`), {
            project,
            dataset_id: dataset,
            location: c.location,
          }),
          resource('google_bigquery_dataset_iam_member', labelFor(target), {
            project,
            dataset_id: reference(`google_bigquery_dataset.${labelFor(`${project}_${dataset}`)}.dataset_id`),
            role: 'roles/bigquery.dataEditor',
            member,
          }),
        ]),
  ]
  const lines = [
    ...headingLines(request, dataset, open),
    ...(open ? [] : ['Where the dataset exists, `terraform import` it first.']),
  ]
  const title = `BigQuery: rights of ${target}`
  return [
    {
      title,
      language: 'hcl',
      text: hclDocument(comment('#', lines), blocks),
      heldThere: [],
      checkedHere: [],
    },
  ]
}
