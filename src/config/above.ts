/** Keys that people write one level too high, and the key beside which they stand then. */
const BELOW: ReadonlyMap<string, string> = new Map([['via', 'identity']])

/** The end of a sentence about an unknown key that belongs below another of the known ones; undefined where it is none such. */
export function above(key: string, known: readonly string[]): string | undefined {
  const place = BELOW.get(key)
  return place !== undefined && known.includes(place) ? `: it belongs under \`${place}:\`.` : undefined
}
