import type { Credential } from '../credential.ts'
import type { Recipe } from '../exchange.ts'
import type { Value } from '../profile.ts'

/** Where a driver asks while dbt runs: for ID tokens, which it trades by itself, or for the credential of the target. */
export interface Hook {
  readonly url: string
  /** The header by which the broker knows the driver; a secret, for private files alone. */
  readonly authorization: string
  /** How it trades; empty where there is nothing to trade. */
  readonly recipe: Recipe
}

/** What `carry` has to work with. */
export interface Source<C> {
  readonly connection: C
  readonly credential: Credential
  /** Absolute path of the private directory; files of `Carried` are written there. */
  readonly directory: string
  /** Absent: dbt gets the credential itself. */
  readonly hook?: Hook | undefined
}

/** How a credential becomes part of a dbt output. */
export interface Carried {
  /** Fields to set in the output, over what the connection says. */
  readonly fields: Readonly<Record<string, Value>>
  /** Secrets by short name; a field refers to one with `secret('TOKEN')`. */
  readonly secrets: Readonly<Record<string, string>>
  /** Further private files (0600) by name. */
  readonly files: Readonly<Record<string, string>>
  /** Variables for dbt without secrets: paths, regions. */
  readonly env: Readonly<Record<string, string>>
}
