import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { sourceLine } from '../src/dbt/source-line.ts'
import { runs } from './support/runs.ts'

const RAW = `{{ config(materialized='table') }}
{% set days = 30 %}

select
    orders.order_id,
    orders.kountry,
    {{ cents('orders.amount') }} as amount,
    'x' as kind
from {{ ref('stg_orders') }} as orders
union all
select
    payments.order_id,
    payments.country,
    0 as amount,
    'x' as kind
from {{ ref('stg_payments') }} as payments`

const COMPILED = `


select
    orders.order_id,
    orders.kountry,
    (orders.amount / 100) as amount,
    'x' as kind
from "shop"."main"."stg_orders" as orders
union all
select
    payments.order_id,
    payments.country,
    0 as amount,
    'x' as kind
from "shop"."main"."stg_payments" as payments`

const of = (message: string): number | undefined => sourceLine({ message, raw: RAW, compiled: COMPILED })

describe('the line of the source', () => {
  test.each([
    [
      'PostgreSQL, which repeats the line',
      'Database Error in model orders (models/orders.sql)\n  column orders.kountry does not exist\n  LINE 9:     orders.kountry,\n              ^',
      6,
    ],
    ['DuckDB, which repeats the middle of it', 'Binder Error: no such column\n\nLINE 9: ...ers.kountry,', 6],
    [
      'DuckDB, which names the column alone',
      'Runtime Error in model orders (models/orders.sql)\n  Binder Error: Values list "orders" does not have a column named "kountry"',
      6,
    ],
    [
      'Snowflake',
      "Database Error in model orders (models/orders.sql)\n  000904 (42000): SQL compilation error: error line 7 at position 4\n  invalid identifier 'ORDERS.KOUNTRY'\n  compiled code at target/run/shop/models/orders.sql",
      6,
    ],
    ['BigQuery', 'Database Error in model orders\n  Unrecognized name: kountry at [10:12]', 6],
    [
      'Databricks',
      '[UNRESOLVED_COLUMN] A column, variable, or function parameter with name `orders`.`kountry` cannot be resolved. (line 8, pos 4)',
      6,
    ],
    [
      'Trino',
      'TrinoUserError(name=COLUMN_NOT_FOUND, message="line 9:5: Column \'orders.kountry\' cannot be resolved")',
      6,
    ],
  ])('is found by what is said by %s', (_, message, line) => {
    expect(of(message)).toBe(line)
  })

  test.each([
    ['stands in the source twice', "Database Error\n  LINE 3:     'x' as kind"],
    ['was written by Jinja', 'Database Error\n  LINE 3:     (orders.amount / 100) as amount,'],
    ['is none of the code', 'Database Error\n  LINE 1: create table x as ('],
    ['is named by no word of the message', 'Database Error\n  division by zero'],
    ['is named by a word that many lines have', 'Database Error\n  relation "orders" is busy'],
    ['is far from the number that is told', "error line 30 at position 3\n  invalid identifier 'NOPE'"],
    ['is named only among those offered instead', 'Binder Error: no\n  Candidate bindings: "kountry"'],
  ])('is unknown where the line that is meant %s', (_, message) => {
    expect(of(message)).toBe(undefined)
  })

  test('is never a line that source and compiled code do not share, whatever is said', () => {
    const code = fc.array(fc.constantFrom('select', 'a', 'a,', ' b', '{{ x }}', 'from t', ''), {
      maxLength: 12,
    })
    const said = fc.constantFrom(
      'LINE 2: a',
      'LINE 3: a,',
      '"b"',
      "error line 3 at position 1 'T'",
      'at [1:2] `a`',
    )
    fc.assert(
      fc.property(code, code, said, (raw, compiled, message) => {
        const line = sourceLine({ message, raw: raw.join('\n'), compiled: compiled.join('\n') })
        if (line === undefined) return
        const text = raw[line - 1]?.trim()
        expect(text).not.toBe('')
        expect(raw.filter((one) => one.trim() === text)).toHaveLength(1)
        expect(compiled.filter((one) => one.trim() === text)).toHaveLength(1)
      }),
      { numRuns: runs(3000) },
    )
  })
})
