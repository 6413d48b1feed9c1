import type { Reported } from '../../warehouse.ts'
import { reported } from '../../warehouse/reported.ts'
import type { Connection } from './connection.ts'

/** The query in Snowsight; where the account is reached by another way than the public one, nobody knows its address. */
export function history({ account, host }: Connection, query: Reported | undefined): string | undefined {
  if (/\.(?:privatelink|cn|mil)(?:\.|$)/i.test(`${account}.${host ?? ''}`)) return undefined
  const page = `https://app.snowflake.com/${place(account.toLowerCase())}/#/compute/history/queries`
  if (query === undefined) return page
  const id = reported(query, 'query_id')
  return id && `${page}/${id}/detail`
}

/** Organisation and account, or the region and the locator of an old one. */
function place(account: string): string {
  const [locator = '', ...region] = account.split('.')
  if (region.length > 0) return `${encodeURIComponent(region.join('.'))}/${encodeURIComponent(locator)}`
  const at = account.indexOf('-')
  if (at < 0) return `us-west-2/${encodeURIComponent(account)}`
  return `${encodeURIComponent(account.slice(0, at))}/${encodeURIComponent(account.slice(at + 1))}`
}
