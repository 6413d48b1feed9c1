import { hasKeys } from './shape.ts'

/** By what platforms name the rest of a list: AWS, Google, Databricks, Microsoft Graph and Azure. */
const NEXT = [
  'NextToken',
  'nextToken',
  'NextMarker',
  'nextPageToken',
  'next_page_token',
  '@odata.nextLink',
  'nextLink',
]

/** The key by which a document says that it is one page of a longer list; undefined for a whole one. */
export function furtherPage(document: unknown): string | undefined {
  if (!hasKeys(document)) return undefined
  if (Object.hasOwn(document, 'IsTruncated') && document['IsTruncated'] === true) return 'IsTruncated'
  // An empty text, or null, ends a list.
  return NEXT.find((key) => Object.hasOwn(document, key) && Boolean(document[key]))
}
