/** A place within the text of an input, as one of the file: a block begins on the line below its `|`, indented. */
export function within(text: string, place: string, row = '1', column = '1'): string {
  const [path, line, first] = numbered(place)
  const [opening = '', ...body] = text.split('\n').slice(line - 1)
  if (!/^[|>]/.test(opening.slice(first - 1)))
    return row === '1' ? `${path}:${line}:${first + Number(column) - 1}` : place
  const filled = body.find((one) => one.trim() !== '') ?? ''
  return `${path}:${line + Number(row)}:${filled.search(/\S|$/) + Number(column)}`
}

function numbered(place: string): readonly [string, number, number] {
  const parts = place.split(':')
  const [line, column] = parts.slice(-2).map(Number)
  return [parts.slice(0, -2).join(':'), line ?? 1, column ?? 1]
}
