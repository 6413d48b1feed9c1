import type { Reported } from './facts.ts'

/** One text of it, made safe for a part of an address. */
export function reported(query: Reported, key: string): string | undefined {
  const value = query[key]
  return typeof value === 'string' && /^[\w:.-]{1,200}$/.test(value) ? encodeURIComponent(value) : undefined
}
