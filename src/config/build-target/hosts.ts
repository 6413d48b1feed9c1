import { isLoopbackHost } from '../../rehearsal.ts'
import { toJs } from '../../profile.ts'
import type { TargetRules, TargetSource } from '../build-target.ts'
import { strangerFlaw } from '../checkout-host.ts'
import { placeOf } from '../connection.ts'
import type { Target } from '../target.ts'
import type { Chosen } from './chosen.ts'

/** A credential is sent to the vendor's hosts only: a changed `host` or a proxy must not lead it elsewhere. */
export function checkHosts(source: TargetSource, bound: Target['bound'], rules: TargetRules): void {
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
export function checkStrangers(
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
export function checkTrader(
  { identity, node }: TargetSource,
  hosts: readonly string[],
  rules: TargetRules,
): void {
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
