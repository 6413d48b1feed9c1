// A text as prettier writes it: in single quotes, or in others where it holds one.
const TEXT = String.raw`'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|` + '`(?:[^`\\\\$]|\\\\.)*`'
/** `test('…'`, and what follows a table: `test.each([…])('…'`. A test that is skipped or only planned is none. */
const CALL = new RegExp(String.raw`(?:^|\s)(?:test|describe)\(\s*(${TEXT})|\)\(\s*(${TEXT})`, 'gm')

/** The titles of the tests and groups in the text of a file, as they are written there: with `%s` where a table fills it. */
export function titlesIn(source: string): Set<string> {
  return new Set([...source.matchAll(CALL)].map(([, alone, ofTable]) => plain(alone ?? ofTable ?? '')))
}

/** Whether a text stands in a file as a whole, as the name of a row of a table does. */
export function saysWhole(source: string, text: string): boolean {
  return [`'${text.replaceAll("'", String.raw`\'`)}'`, `"${text}"`].some((quoted) => source.includes(quoted))
}

function plain(quoted: string): string {
  return quoted.slice(1, -1).replaceAll(/\\(.)/g, '$1')
}
