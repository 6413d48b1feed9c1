import type { StepResult } from '../../__tests__/support/step.ts'
import { ensurePython } from '../python.ts'
import { openShop } from './shop.ts'

/** What a real step with a real dbt has left in its job summary. */
export interface Scenes {
  /** Everything was built. */
  readonly granted: string
  /** A model and a test fail. */
  readonly failed: string
  readonly denied: string
}

/** A model with a column that there is not, one below it, a test that fails, a snapshot, and a source that is old. */
const CHANGED = {
  'models/marts/customers.sql': `select
    customers.customer_id,
    customers.customer,
    customers.kountry
from {{ ref('stg_customers') }} as customers
`,
  'models/marts/customers_by_country.sql': `select country, count(*) as customers
from {{ ref('customers') }}
group by country
`,
  'tests/every_order_was_paid.sql': `select *
from {{ ref('orders') }}
where amount = 0
   or customer_id > 3
`,
  'snapshots/orders_history.yml': `snapshots:
  - name: orders_history
    relation: ref('orders')
    config: { unique_key: order_id, strategy: check, check_cols: [status] }
`,
}

/** Plays the scenes, one after the other in the same checkout. */
export async function playScenes(): Promise<Scenes> {
  const python = await ensurePython('dbt')
  const unheard = { log: () => () => undefined }
  await using shop = await openShop(unheard, python)
  const granted = await shop.run({}, { run: 'build' })
  const failed = await shop.run({}, { run: 'deps\nbuild' }, CHANGED)
  const denied = await shop.run(
    { ref: 'refs/heads/feature/discount', environment: undefined, actor: 'mallory' },
    { run: 'build', target: 'prod' },
  )
  return { granted: told(granted, 0), failed: told(failed, 1), denied: told(denied, 1) }
}

function told(step: StepResult, exitCode: number): string {
  if (step.exitCode !== exitCode) throw new Error(`The step ended otherwise than told:\n${step.log.text}`)
  return step.summary
}
