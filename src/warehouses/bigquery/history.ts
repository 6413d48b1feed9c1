import type { Reported } from '../../warehouse.ts'
import { reported } from '../../warehouse/reported.ts'
import { projectOf, type Connection } from './connection.ts'

/** The job in Google's console; the page of all jobs is a panel of the same one, without an address of its own. */
export function history(c: Connection, query: Reported | undefined): string | undefined {
  const project = encodeURIComponent(c.execution_project ?? projectOf(c))
  const page = 'https://console.cloud.google.com/bigquery'
  if (query === undefined) return `${page}?project=${project}`
  const [id, location] = [reported(query, 'job_id'), reported(query, 'location')]
  if (id === undefined || location === undefined) return undefined
  return `${page}?project=${reported(query, 'project_id') ?? project}&j=bq:${location}:${id}&page=queryresults`
}
