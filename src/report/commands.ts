/** Properties of a workflow command; those that are undefined or empty are left out. */
export type Properties = Readonly<Record<string, string | number | undefined>>

/** A workflow command as written on one line: `::name properties::data`, both still escaped. */
export interface RawCommand {
  readonly name: string
  readonly data: string
}

/** Escapes the data of a workflow command, so that it stays on its line and reads back unchanged. */
export function escapeData(text: string): string {
  return text.replaceAll('%', '%25').replaceAll('\r', '%0D').replaceAll('\n', '%0A')
}

/** Escapes a property of a workflow command, so that it can neither end the property nor the command. */
export function escapeProperty(text: string): string {
  return escapeData(text).replaceAll(':', '%3A').replaceAll(',', '%2C')
}

/** Undoes {@link escapeData}, in the runner's order. */
export function unescapeData(text: string): string {
  return text.replaceAll('%0D', '\r').replaceAll('%0A', '\n').replaceAll('%25', '%')
}

/** One workflow command as one line without its line break, whatever the values hold. */
export function formatCommand(name: string, properties: Properties, data: string): string {
  const listed = Object.entries(properties)
    .filter(([, value]) => value !== undefined && value !== '')
    .map(([key, value]) => `${key}=${escapeProperty(String(value))}`)
  return `::${name}${listed.length > 0 ? ` ${listed.join(',')}` : ''}::${escapeData(data)}`
}

/** Reads a line that may be a workflow command of the toolkit; undefined where it is plain text. */
export function readCommand(line: string): RawCommand | undefined {
  const found = /^::([a-z-]+)(?: [^\r\n]*?)?::(.*)$/.exec(line)
  return found ? { name: found[1] ?? '', data: found[2] ?? '' } : undefined
}
