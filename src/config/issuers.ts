import type { Grant } from '../policy.ts'
import { nearest } from '../nearest.ts'
import {
  claimsOfKind,
  inEveryRun,
  lonely,
  namesOwner,
  ownersOfKind,
  type OtherIssuer,
} from '../other-issuer.ts'
import { KINDS } from '../other-issuer/kinds.ts'
import { checkPattern } from '../pattern.ts'
import { isLoopback } from '../rehearsal.ts'
import type { YamlMap } from '../yaml.ts'
import type { TargetRules } from './build-target.ts'
import { entry, type Conditions } from './grants.ts'
import type { Problems } from './problems.ts'
import type { Sources } from './sources.ts'

/** Reads the `issuers` of a policy file; those that cannot be read are left out, with a problem. */
export function readIssuers(node: YamlMap, rules: TargetRules): ReadonlyMap<string, OtherIssuer> {
  const section = entry(node, 'issuers')
  const found = new Map<string, OtherIssuer>()
  if (section?.kind !== 'map') return found
  for (const [name, { value }] of section.entries) {
    const issuer = value.kind === 'map' ? readIssuer(name, value, rules) : undefined
    if (issuer) found.set(name, issuer)
  }
  return found
}

function readIssuer(name: string, node: YamlMap, rules: TargetRules): OtherIssuer | undefined {
  const url = readUrl(node, rules)
  if (url === undefined) return undefined
  const written = entry(node, 'like')
  const like = written?.kind === 'scalar' ? KINDS.find((kind) => kind === written.text) : undefined
  const listed = (key: 'claims' | 'owners'): readonly string[] => {
    const list = entry(node, key)
    return list?.kind === 'list'
      ? list.items.flatMap((item) => (item.kind === 'scalar' ? [item.text] : []))
      : []
  }
  const owners = [...ownersOfKind(like), ...listed('owners')]
  return {
    name,
    url,
    like,
    claims: [...new Set([...claimsOfKind(like), ...listed('claims'), ...owners])],
    owners,
  }
}

function readUrl(node: YamlMap, { problems, rehearsal }: TargetRules): string | undefined {
  const at = entry(node, 'url')
  const url = at?.kind === 'scalar' ? at.text : ''
  const place = at?.place ?? node.place
  const parsed = URL.parse(url)
  if (!parsed || !isPlain(parsed) || (parsed.protocol !== 'https:' && !(rehearsal && isLoopback(url)))) {
    problems.add(place, 'Write the https address of the issuer, exactly as its `iss` claim has it.')
    return undefined
  }
  if (!/^token\.actions\.|\/_services\/token(?:\/|$)/.test(parsed.host + parsed.pathname)) return url
  problems.add(place, "It is GitHub's own issuer: grants without `issuer` are for its tokens.")
  return undefined
}

function isPlain({ username, password, search, hash }: URL): boolean {
  return [username, password, search, hash].every((part) => part === '')
}

/** Checks the conditions of a grant for another issuer: its claims by their names, and that they let no stranger in. */
export function checkOther(
  conditions: Conditions,
  place: string,
  issuer: OtherIssuer,
  { problems }: Pick<TargetRules, 'problems'>,
): void {
  const { when, places } = conditions
  for (const claim of when.keys())
    for (const flaw of flawsOf(claim, conditions, issuer)) problems.add(places.get(claim) ?? place, flaw)
  const names = [...when.keys()]
  const owned = issuer.owners.some((claim) => when.get(claim)?.every((one) => namesOwner(issuer, claim, one)))
  if (!owned)
    problems.add(
      place,
      `Strangers have tokens of ${issuer.url} as well, and nothing here says whose this one is: name one of ${issuer.owners.map((one) => `\`${one}\``).join(', ')}, without a star in the owner's name.`,
    )
  if (names.length > 0 && names.every((claim) => inEveryRun(issuer, claim)))
    problems.add(
      place,
      'Nothing restricts which of its runs are let through: name a claim that differs between them, such as the ref, the step or the subject.',
    )
  const alone = lonely(issuer, names)
  if (alone) problems.add(places.get(alone.claim) ?? place, alone.why)
}

function flawsOf(claim: string, { when, broken }: Conditions, issuer: OtherIssuer): readonly string[] {
  if (broken?.has(claim)) return []
  const flaws = (when.get(claim) ?? []).flatMap((pattern) => checkPattern(pattern) ?? [])
  if (issuer.claims.includes(claim)) return flaws
  const near = nearest(claim, issuer.claims)
  return [
    `The tokens of \`${issuer.name}\` have no claim \`${claim}\`${near ? `; did you mean \`${near}\`?` : '.'} Others are listed under \`issuers.${issuer.name}.claims\`.`,
    ...flaws,
  ]
}

/** The issuer that the command line has named: it must be declared, and some grant must be for it. */
export function chosenIssuer(
  { issuer: name }: Sources,
  {
    issuers,
    grants,
  }: { readonly issuers: ReadonlyMap<string, OtherIssuer>; readonly grants: readonly Grant[] },
  problems: Problems,
): OtherIssuer | undefined {
  if (name === undefined) return undefined
  const issuer = issuers.get(name)
  if (!issuer) {
    const known = [...issuers.keys()].join(', ') || 'none'
    problems.add('--issuer', `The policy file has no issuer \`${name}\` under \`issuers\`. It has: ${known}.`)
  } else if (!grants.some((grant) => grant.issuer === name))
    problems.add('--issuer', `No grant is for \`issuer: ${name}\`, so that its tokens open nothing.`)
  return issuer
}
