import type { Attribution } from '../../warehouse.ts'

/** QUERY_TAG holds at most 2000 characters; JSON, so that QUERY_HISTORY can be asked by `parse_json(query_tag):run`. */
export function queryTag(run: Attribution): string {
  const tag = {
    app: 'dbt-oidc',
    repository: run.repository,
    run: run.run,
    attempt: run.attempt,
    sha: run.sha,
    actor: run.actor,
    grant: run.grant,
    ref: run.ref,
  }
  const text = JSON.stringify(tag)
  return text.length <= 2000 ? text : JSON.stringify({ ...tag, ref: '', grant: '' }).slice(0, 2000)
}
