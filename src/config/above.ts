/** Keys that people write one level too high, and the key beside which they stand then. */
const BELOW: ReadonlyMap<string, string> = new Map([['via', 'identity']])

/** The end of a sentence about an unknown key that belongs below another of the known ones; undefined where it is none such. */
export function above(key: string, known: readonly string[]): string | undefined {
  const place = BELOW.get(key)
  return place !== undefined && known.includes(place) ? `: it belongs under \`${place}:\`.` : undefined
}

/**
 * Where a key belongs that stands among the fields of dbt and is none of them; undefined where it may be one. No field of
 * dbt has a hyphen, as names of Python have none; other words could be those of an adapter that is not known here.
 */
export function amongFields(key: string, settings: readonly string[], known: boolean): string | undefined {
  if (key === 'via' || (key.includes('-') && settings.includes(key))) return 'under `identity:`'
  return known && (key === 'identity' || key === 'audience') ? 'beside `connection:`' : undefined
}
