/** One thing that was measured or counted, and what it must be. */
export interface Part {
  readonly what: string
  readonly measured: string
  /** Where the class does not say it for all of its parts. */
  readonly required?: string
  readonly met: boolean
}

/** One line of the bar: a class of what can happen, held where all of its parts are. */
export interface Row {
  readonly name: string
  readonly required: string
  readonly parts: readonly Part[]
}

/** Nothing that was measured holds nothing. */
export function isMet({ parts }: Row): boolean {
  return parts.length > 0 && parts.every(({ met }) => met)
}

/** A part in one line: what fails is marked, since its row may hold otherwise. */
export function told({ what, measured, required, met }: Part): string {
  return `${met ? '' : '✗ '}${what}: ${measured}${required === undefined ? '' : ` (${required})`}`
}

/** The whole bar as a table of Markdown, in which a cell breaks its lines by `between`. */
export function tableOf(rows: readonly Row[], between: string): readonly string[] {
  return [
    '| class | required | measured | |',
    '|---|---|---|---|',
    ...rows.map((row) => {
      const cells = [row.name, row.required, row.parts.map(told).join(between), isMet(row) ? '✓' : '✗']
      return `| ${cells.map((cell) => cell.replaceAll('|', String.raw`\|`)).join(' | ')} |`
    }),
  ]
}
