/** A value of a dbt output. What dbt must see unchanged is `text`; the other kinds say why they are not text. */
export type Value =
  | { readonly kind: 'text'; readonly text: string }
  /** An unquoted YAML scalar that dbt's loader reads as something other than a string (5432, true, null): kept as written. */
  | { readonly kind: 'plain'; readonly source: string }
  /** dbt's own expression from an existing profiles.yml, passed on byte for byte. */
  | { readonly kind: 'jinja'; readonly source: string }
  /** A secret of `Carried.secrets` by its short name. */
  | { readonly kind: 'secret'; readonly name: string }
  | { readonly kind: 'list'; readonly items: readonly Value[] }
  | { readonly kind: 'map'; readonly fields: ReadonlyMap<string, Value> }

/** A dbt output: what stands under one name of `outputs:`. */
export type Output = ReadonlyMap<string, Value>
