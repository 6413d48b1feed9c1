/** The run as the warehouse's own history should show it. */
export interface Attribution {
  readonly repository: string
  readonly ref: string
  readonly sha: string
  readonly workflow: string
  readonly run: string
  readonly attempt: string
  readonly actor: string
  readonly grant: string
  readonly target: string
}

/** Versions of a Python package that are known not to work, e.g. below 1.12.0. */
export interface KnownBad {
  /** First version that works. */
  readonly below: string
  /** With these exchanges only; all when absent. */
  readonly via?: readonly string[]
  readonly reason: string
}

/** What an example of a pair says beyond those of its two sides. */
export interface Together {
  readonly connection?: Readonly<Record<string, unknown>>
  /** Undefined clears what the exchange's example says. */
  readonly identity?: Readonly<Record<string, unknown>>
  /** Sentences for the head of its section: what has to be known before anything is pasted. */
  readonly about?: readonly string[]
  /** Further connections, where one example does not do. */
  readonly others?: readonly {
    readonly title: string
    readonly connection: Readonly<Record<string, unknown>>
  }[]
}

/** What the adapter reports of a node, as `adapter_response` in run_results.json. */
export type Reported = Readonly<Record<string, unknown>>
