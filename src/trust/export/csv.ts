/**
 * Rows of a CSV (RFC 4180) by the names of its first line, in lower case; undefined where a line has another number of
 * fields, a quote is not closed, or there is no second column.
 */
export function csvRows(text: string): readonly Readonly<Record<string, string>>[] | undefined {
  const records = recordsOf(text.endsWith('\n') ? text : `${text}\n`)
  const [head, ...rows] = records ?? []
  const names = head?.map((name) => name.trim().toLowerCase()) ?? []
  if (
    names.length < 2 ||
    new Set(names).size < names.length ||
    names.some((name) => !/^[a-z_ ]+$/.test(name))
  )
    return undefined
  if (rows.some((row) => row.length !== names.length)) return undefined
  return rows.map((row) => Object.fromEntries(row.map((field, at) => [names[at] ?? '', field])))
}

/** Each field with what ends it. A quote within quotes is doubled. */
const FIELD = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r?\n)/gy

function recordsOf(text: string): readonly (readonly string[])[] | undefined {
  const records: string[][] = []
  let record: string[] = []
  let end = 0
  for (const { 0: all, 1: quoted, 2: plain = '', 3: mark, index } of text.matchAll(FIELD)) {
    record.push(quoted === undefined ? plain : quoted.replaceAll('""', '"'))
    end = index + all.length
    if (mark === ',') continue
    records.push(record)
    record = []
  }
  return end === text.length && record.length === 0 ? records : undefined
}
