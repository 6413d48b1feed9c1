import * as z from 'zod/mini'
import type { Exchange } from '../exchange.ts'
import { nearest } from '../nearest.ts'
import type { Others } from '../placeholders.ts'
import { toJs, type Lookup, type Output } from '../profile.ts'
import type { Warehouse } from '../warehouse.ts'
import type { YamlNode } from '../yaml.ts'
import { audiencesFrom, type WrittenAudience } from './audience.ts'
import { astray, refuseAstray } from './build-target/astray.ts'
import { chooseExchange, findWarehouse } from './build-target/chosen.ts'
import { checkHosts, checkStrangers, checkTrader } from './build-target/hosts.ts'
import { warnOfThreads } from './build-target/threads.ts'
import { placeOf } from './connection.ts'
import type { NoticeCode } from './notice.ts'
import type { Problems } from './problems.ts'
import { check } from './schema.ts'
import type { Registries, Target } from './target.ts'

/** What is written for one target, before any of it is understood. */
export interface TargetSource {
  readonly name: string
  readonly connection: Output
  /** Where the connection stands, and the node for places of its fields. */
  readonly node: YamlNode
  readonly identity: YamlNode | undefined
  /** Something is said of `identity` already: what it lacks cannot be told. */
  readonly unread?: boolean
  readonly audience: WrittenAudience | undefined
  /** The connection is that of an existing profiles.yml: who may change it need not be who decides. */
  readonly fromCheckout?: boolean
}

/** Rules that hold for all targets of a configuration. */
export interface TargetRules {
  readonly registries: Registries
  /** GITHUB_SERVER_URL is a loopback address: hosts may be, too. */
  readonly rehearsal: boolean
  readonly problems: Problems
  readonly warn: (sentence: string, code?: NoticeCode) => void
  /** The variables that dbt will see; expressions of the project's files may read no others. */
  readonly visible: Readonly<Record<string, string>>
  readonly lookup: Lookup
  /** Claims of other issuers that placeholders may name. */
  readonly placeholders?: Others
}

/** Understands one target; every problem is added to `rules.problems`, and then there is no target. */
export function buildTarget(source: TargetSource, rules: TargetRules): Target | undefined {
  const { problems } = rules
  const warehouse = findWarehouse(source, rules)
  if (!warehouse) return undefined
  const before = problems.count
  const connection = check(
    warehouse.connection,
    toJs(source.connection, rules.lookup),
    source.node,
    () => warehouse.fields,
  )
  problems.addAll(connection.problems)
  const chosen = chooseExchange(source, warehouse, rules)
  if (chosen) refuseAstray(source, warehouse, settingNames(chosen.exchange), rules)
  if (!chosen || source.unread || problems.count > before) return undefined

  const bound = warehouse.bind(toJs(source.connection, rules.lookup))
  checkHosts(source, bound, rules)
  if (source.fromCheckout) checkStrangers(source, { bound, chosen }, rules)
  for (const { field, problem } of bound.faults(chosen.via))
    problems.add(placeOf(source.node, [field]) ?? source.node.place, `\`${field}\`: ${problem}`)
  const settings = { ...bound.defaults(chosen.via), ...chosen.settings }
  const parsed = check(
    chosen.exchange.settings,
    settings,
    source.identity ?? source.node,
    () => settingNames(chosen.exchange),
    astray(source, warehouse),
  )
  problems.addAll(parsed.problems)
  if (problems.count > before) return undefined
  const trader = chosen.exchange.bind(settings)
  checkTrader(source, trader.hosts(bound.want(chosen.via)), rules)
  if (problems.count > before) return undefined
  warnOfMisspelt(source, warehouse, rules)
  warnOfThreads(source, rules)
  return {
    name: source.name,
    output: source.connection,
    warehouse,
    bound,
    via: chosen.via,
    acceptance: chosen.acceptance,
    exchange: trader,
    settings,
    ...audiencesFrom(source.audience, {
      name: source.name,
      exchange: trader,
      want: bound.want(chosen.via),
      own: chosen.acceptance.ownAudience === true,
      flaw: (problem) => problems.add(source.node.place, problem),
    }),
    place: source.node.place,
    lookup: rules.lookup,
    placeholders: rules.placeholders,
  }
}

/** What dbt does not know it ignores, and a key that is left out by mistake is one that the other side decides about. */
function warnOfMisspelt(
  { connection, node }: TargetSource,
  { fields, adapter }: Warehouse,
  rules: TargetRules,
): void {
  for (const key of connection.keys()) {
    const near = fields.includes(key) ? undefined : nearest(key, fields)
    if (near !== undefined)
      rules.warn(
        `${placeOf(node, [key]) ?? node.place}: \`${key}\` is no key that ${adapter.package} is known to have; did you mean \`${near}\`?`,
      )
  }
}

function settingNames({ settings }: Exchange): readonly string[] {
  return settings instanceof z.ZodMiniObject ? Object.keys(settings.def.shape) : []
}
