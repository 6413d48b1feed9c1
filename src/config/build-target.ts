import * as z from 'zod/mini'
import { nearest } from '../nearest.ts'
import type { Others } from '../placeholders.ts'
import { toJs, type Lookup, type Output } from '../profile.ts'
import { isLoopbackHost } from '../rehearsal.ts'
import type { Acceptable, Warehouse } from '../warehouse.ts'
import { toPlain, type YamlEntry, type YamlNode } from '../yaml.ts'
import { audiencesFrom, type WrittenAudience } from './audience.ts'
import { strangerFlaw } from './checkout-host.ts'
import { placeOf, textOf } from './connection.ts'
import type { NoticeCode } from './notice.ts'
import type { Problems } from './problems.ts'
import { check } from './schema.ts'
import type { Registries, Target } from './target.ts'
import { warehouseOf } from './warehouse-of.ts'

/** What is written for one target, before any of it is understood. */
export interface TargetSource {
  readonly name: string
  readonly connection: Output
  /** Where the connection stands, and the node for places of its fields. */
  readonly node: YamlNode
  readonly identity: YamlNode | undefined
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
  const { problems, registries } = rules
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
  if (!chosen || problems.count > before) return undefined

  const bound = warehouse.bind(toJs(source.connection, rules.lookup))
  checkHosts(source, bound, rules)
  if (source.fromCheckout) checkStrangers(source, { bound, chosen }, rules)
  for (const { field, problem } of bound.faults(chosen.via))
    problems.add(placeOf(source.node, [field]) ?? source.node.place, `\`${field}\`: ${problem}`)
  const settings = { ...bound.defaults(chosen.via), ...chosen.settings }
  const exchange = registries.exchanges.get(chosen.via)
  if (!exchange) throw new Error(`the exchange ${chosen.via} is not registered`)
  const parsed = check(exchange.settings, settings, source.identity ?? source.node, () =>
    settingNames(exchange.settings),
  )
  problems.addAll(parsed.problems)
  if (problems.count > before) return undefined
  const trader = exchange.bind(settings)
  checkTrader(source, trader.hosts(bound.want(chosen.via)), rules)
  if (problems.count > before) return undefined
  warnOfMisspelt(source, warehouse, rules)
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

function findWarehouse(source: TargetSource, { registries, problems }: TargetRules): Warehouse | undefined {
  const type = textOf(source.connection.get('type'))
  const known = [...registries.warehouses.keys()]
  if (type === undefined) {
    problems.add(
      source.node.place,
      `The connection has no \`type\`: name the dbt adapter (${known.join(', ')}).`,
    )
    return undefined
  }
  const warehouse = source.fromCheckout
    ? registries.warehouses.get(type)
    : warehouseOf(
        registries.warehouses,
        toJs(source.connection, () => undefined),
      )
  if (!warehouse) {
    const near = nearest(type, known)
    const place = placeOf(source.node, ['type']) ?? source.node.place
    problems.add(
      place,
      `Unknown warehouse \`${type}\`${near ? `; did you mean \`${near}\`?` : '.'} Known are ${known.join(', ')}; of any other adapter mark the field that takes the credential, as \`token: "{credential}"\`.`,
    )
  }
  return warehouse
}

interface Chosen {
  readonly via: string
  readonly acceptance: Acceptable
  readonly settings: Readonly<Record<string, unknown>>
}

function chooseExchange(source: TargetSource, warehouse: Warehouse, rules: TargetRules): Chosen | undefined {
  const { identity } = source
  if (identity && identity.kind !== 'map') {
    rules.problems.add(identity.place, 'The identity must be a map: `via` and the settings of that exchange.')
    return undefined
  }
  const { via: written, ...settings } = Object.fromEntries(identity?.entries ?? [])
  const via = viaOf(written, warehouse, rules)
  if (via === undefined) return undefined
  const acceptance = warehouse.accepts.get(via)
  if (!acceptance) {
    const names = [...warehouse.accepts.keys()]
    const near = nearest(via, names)
    const place = identity ? (placeOf(identity, ['via']) ?? identity.place) : source.node.place
    rules.problems.add(
      place,
      `${warehouse.title} takes no credential via \`${via}\`${near ? `; did you mean \`${near}\`?` : '.'} It takes: ${names.join(', ')}.`,
    )
    return undefined
  }
  const values = Object.entries(settings).map(([key, { value }]) => [key, toPlain(value)] as const)
  return { via, acceptance, settings: Object.fromEntries(values) }
}

/** The exchange as written, whatever YAML would make of it: a blank or a number must not become the default. */
function viaOf(
  written: YamlEntry | undefined,
  warehouse: Warehouse,
  { problems }: TargetRules,
): string | undefined {
  if (!written) return [...warehouse.accepts.keys()][0] ?? 'none'
  if (written.value.kind === 'scalar') return written.value.text
  problems.add(written.key, '`via` must be the name of an exchange.')
  return undefined
}

/** A credential is sent to the vendor's hosts only: a changed `host` or a proxy must not lead it elsewhere. */
function checkHosts(source: TargetSource, bound: Target['bound'], rules: TargetRules): void {
  for (const host of bound.hosts()) {
    if (isLoopbackHost(host) ? rules.rehearsal || bound.allowsHost(host) : isVendors(host, bound)) continue
    const field = fieldOf(host, source, rules)
    const proxy = field.startsWith('proxy') ? ' A proxy is for the step to name, in HTTPS_PROXY.' : ''
    rules.problems.add(
      placeOf(source.node, [field]) ?? source.node.place,
      `\`${host}\` is no host of ${bound.type}: the credential would leave for a stranger.${proxy}`,
    )
  }
}

/** A reusable token goes to no host that a file of the checkout alone has chosen. */
function checkStrangers(
  source: TargetSource,
  { bound, chosen }: { readonly bound: Target['bound']; readonly chosen: Chosen },
  rules: TargetRules,
): void {
  const { via, acceptance } = chosen
  const facts = { bound, via, kind: acceptance.kind, audience: source.audience?.use }
  for (const host of bound.hosts()) {
    const flaw = strangerFlaw(host, facts)
    const place = placeOf(source.node, [fieldOf(host, source, rules)]) ?? source.node.place
    if (flaw !== undefined) rules.problems.add(place, flaw)
  }
}

/** Whoever answers on this machine is no exchange, except in a rehearsal. */
function checkTrader({ identity, node }: TargetSource, hosts: readonly string[], rules: TargetRules): void {
  if (rules.rehearsal) return
  const place = identity?.place ?? node.place
  for (const host of hosts.filter(isLoopbackHost))
    rules.problems.add(place, `\`${host}\` is this machine: a token is traded there in a rehearsal only.`)
}

/** The field that says a host; one that is put together comes from the account. */
function fieldOf(host: string, { connection }: TargetSource, { lookup }: TargetRules): string {
  const [found] = Object.entries(toJs(connection, lookup)).find(([, value]) => value === host) ?? []
  return found ?? (connection.has('host') ? 'host' : 'account')
}

/** In `evil.test/.vendor.com` the end is the vendor's and the host is not: only a bare name is looked at. */
function isVendors(host: string, bound: Target['bound']): boolean {
  const filled = host.replaceAll(/\{[A-Za-z][A-Za-z0-9_-]*\}/g, 'x')
  return /^[A-Za-z0-9._-]+$|^\[[0-9A-Fa-f:.]+\]$/.test(filled) && bound.allowsHost(host)
}

function settingNames(schema: z.ZodMiniType): readonly string[] {
  return schema instanceof z.ZodMiniObject ? Object.keys(schema.def.shape) : []
}
