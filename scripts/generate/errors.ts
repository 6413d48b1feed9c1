import type { Diagnosis } from '../../src/exchange.ts'

/** The chapter of errors: each text as it appears, explained by the code that explains it in the log. */
export function errorRows(
  texts: readonly string[],
  explain: (text: string) => Diagnosis | undefined,
): readonly string[] {
  return texts.length === 0 ? [] : ['## Errors', '', ...errorTable(texts, explain), '']
}

/** The table alone. */
export function errorTable(
  texts: readonly string[],
  explain: (text: string) => Diagnosis | undefined,
): readonly string[] {
  const rows = texts.map((text) => row(text, explain(text)))
  return ['| what the log shows | what it means | what to do |', '|---|---|---|', ...new Set(rows)]
}

function row(text: string, diagnosis: Diagnosis | undefined): string {
  if (!diagnosis) throw new Error(`nobody explains ${JSON.stringify(text)}, which is listed among the errors`)
  return `| ${[`\`${text}\``, diagnosis.problem, diagnosis.remedy].map(cell).join(' | ')} |`
}

/** The chapter of notes. */
export function notes(sentences: readonly string[]): readonly string[] {
  return sentences.length === 0 ? [] : ['## Notes', '', ...sentences.map((sentence) => `- ${sentence}`), '']
}

/** A text within a cell of a table. */
export function cell(text: string): string {
  return text.replaceAll('|', '\\|')
}
