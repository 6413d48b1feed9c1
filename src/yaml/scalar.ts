/** What an unquoted scalar is to PyYAML, the reader that dbt uses (YAML 1.1). */
export type Resolved =
  | { readonly type: 'string' }
  | { readonly type: 'null' }
  | { readonly type: 'bool'; readonly value: boolean }
  | { readonly type: 'number'; readonly value: number }
  | { readonly type: 'timestamp' }
  /** Matches a resolver whose constructor then fails (`=`, `<<`, `0x_`, 2026-13-01): dbt cannot read it at all. */
  | { readonly type: 'unreadable' }

const NULL = /^(?:~|null|Null|NULL|)$/
const TRUE = /^(?:yes|Yes|YES|true|True|TRUE|on|On|ON)$/
const FALSE = /^(?:no|No|NO|false|False|FALSE|off|Off|OFF)$/
const INT =
  /^(?:[-+]?0b[0-1_]+|[-+]?0[0-7_]+|[-+]?(?:0|[1-9][0-9_]*)|[-+]?0x[0-9a-fA-F_]+|[-+]?[1-9][0-9_]*(?::[0-5]?[0-9])+)$/
const FLOAT =
  /^(?:[-+]?[0-9][0-9_]*\.[0-9_]*(?:[eE][-+][0-9]+)?|\.[0-9][0-9_]*(?:[eE][-+][0-9]+)?|[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+\.[0-9_]*|[-+]?\.(?:inf|Inf|INF)|\.(?:nan|NaN|NAN))$/
const DATE = /^([0-9]{4})-([0-9]{2})-([0-9]{2})$/
const DATE_TIME =
  /^([0-9]{4})-([0-9]{1,2})-([0-9]{1,2})(?:[Tt]|[ \t]+)([0-9]{1,2}):([0-9]{2}):([0-9]{2})(?:\.[0-9]*)?(?:[ \t]*(?:Z|[-+]([0-9]{1,2})(?::([0-9]{2}))?))?$/

/** Says what PyYAML's SafeLoader makes of an unquoted scalar. */
export function resolveScalar(plain: string): Resolved {
  if (NULL.test(plain)) return { type: 'null' }
  if (TRUE.test(plain)) return { type: 'bool', value: true }
  if (FALSE.test(plain)) return { type: 'bool', value: false }
  if (FLOAT.test(plain)) return number(float(plain.replaceAll('_', '').toLowerCase()))
  if (INT.test(plain)) return number(integer(plain.replaceAll('_', '')))
  const time = DATE.exec(plain) ?? DATE_TIME.exec(plain)
  if (time) return { type: isDate(time.slice(1)) ? 'timestamp' : 'unreadable' }
  return { type: plain === '=' || plain === '<<' ? 'unreadable' : 'string' }
}

function number(value: number | undefined): Resolved {
  return value === undefined ? { type: 'unreadable' } : { type: 'number', value }
}

function float(text: string): number {
  const { sign, digits } = signed(text)
  if (digits === '.inf') return sign * Infinity
  if (digits === '.nan') return NaN
  return sign * sexagesimal(digits)
}

function integer(text: string): number | undefined {
  const { sign, digits } = signed(text)
  // `0x_` and `0b_` match the resolver, then int('') raises.
  if (digits === '0x' || digits === '0b') return undefined
  if (/^0[xb]/.test(digits)) return sign * Number(digits)
  if (/^0./.test(digits)) return sign * Number.parseInt(digits, 8)
  return sign * sexagesimal(digits)
}

function signed(text: string): { readonly sign: number; readonly digits: string } {
  return { sign: text.startsWith('-') ? -1 : 1, digits: text.replace(/^[-+]/, '') }
}

/** Summed from the last part on, as PyYAML does: the last bit of a float depends on the order. */
function sexagesimal(digits: string): number {
  return digits
    .split(':')
    .reduceRight(({ sum, base }, part) => ({ sum: sum + Number(part) * base, base: base * 60 }), {
      sum: 0,
      base: 1,
    }).sum
}

/** Whether Python's `datetime` takes it: year to second, then the zone; the pattern alone lets 2026-13-45 through. */
function isDate(written: readonly (string | undefined)[]): boolean {
  const parts = written.map((part) => Number(part ?? 0))
  const [year = 0, month = 0, day = 0] = parts
  const days = new Date(Date.UTC(2000 + (year % 400), month, 0)).getUTCDate()
  const zone = (parts[6] ?? 0) * 60 + (parts[7] ?? 0)
  const most = [9999, 12, days, 23, 59, 59]
  return (
    Math.min(year, month, day) >= 1 && zone < 24 * 60 && most.every((limit, at) => (parts[at] ?? 0) <= limit)
  )
}
