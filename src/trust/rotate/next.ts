/** The end of an audience that this command has made: a quarter, and a number within it. */
const QUARTER = /\/\d{4}-q[1-4](?:\.\d+)?$/

/**
 * The audience that follows another: itself with the quarter of the year behind it, so that whoever reads a token or a
 * trust sees how old the agreement is.
 */
export function nextAudience(old: string, today: Date): string {
  const quarter = `${today.getUTCFullYear()}-q${Math.floor(today.getUTCMonth() / 3) + 1}`
  const fresh = `${old.replace(QUARTER, '')}/${quarter}`
  if (!old.startsWith(fresh)) return fresh
  const number = Number(/\.(\d+)$/.exec(old.slice(fresh.length))?.[1] ?? '1')
  return `${fresh}.${number + 1}`
}
