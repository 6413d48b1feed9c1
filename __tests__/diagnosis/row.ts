/** One text of the other side, and what a person reads in its place. */
export interface Row {
  /** As the other side, or the driver in dbt's output, writes it. */
  readonly text: string
  /** A part of the sentence that says what is wrong. */
  readonly cause: string
  /** A part of the sentence that says what to do. */
  readonly remedy: string
  /** Further facts that stand beside them. */
  readonly shows?: readonly string[]
}

/** The texts that one kind of target can meet. */
export interface Table {
  readonly title: string
  readonly connection: string
  readonly identity?: string
  /** `exchange`: thrown by the trade; `dbt`: read in the output of a line of `run`. */
  readonly from: 'exchange' | 'dbt'
  readonly rows: readonly Row[]
}
