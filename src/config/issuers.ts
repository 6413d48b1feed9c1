import type { Grant } from '../policy.ts'
import { nearest } from '../nearest.ts'
import {
  claimsOfKind,
  inEveryRun,
  KINDS,
  namesOwner,
  ownersOfKind,
  type OtherIssuer,
} from '../other-issuer.ts'
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

function readIssuer(
  name: string,
  node: YamlMap,
  { problems, rehearsal }: TargetRules,
): OtherIssuer | undefined {
  const at = entry(node, 'url')
  const url = at?.kind === 'scalar' ? at.text : ''
  const parsed = URL.parse(url)
  const plain = parsed && !parsed.username && !parsed.password && !parsed.search && !parsed.hash
  if (!plain || (parsed.protocol !== 'https:' && !(rehearsal && isLoopback(url)))) {
    problems.add(
      at?.place ?? node.place,
      'Write the https address of the issuer, exactly as its `iss` claim has it.',
    )
    return undefined
  }
  if (/^token\.actions\.|\/_services\/token(?:\/|$)/.test(parsed.host + parsed.pathname)) {
    problems.add(
      at?.place ?? node.place,
      "It is GitHub's own issuer: grants without `issuer` are for its tokens.",
    )
    return undefined
  }
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

/** Checks the conditions of a grant for another issuer: its claims by their names, and that they let no stranger in. */
export function checkOther(
  { when, places, broken }: Conditions,
  place: string,
  issuer: OtherIssuer,
  { problems }: Pick<TargetRules, 'problems'>,
): void {
  for (const [claim, patterns] of when) {
    if (broken?.has(claim)) continue
    const where = places.get(claim) ?? place
    if (!issuer.claims.includes(claim)) {
      const near = nearest(claim, issuer.claims)
      problems.add(
        where,
        `The tokens of \`${issuer.name}\` have no claim \`${claim}\`${near ? `; did you mean \`${near}\`?` : '.'} Others are listed under \`issuers.${issuer.name}.claims\`.`,
      )
    }
    for (const pattern of patterns) {
      const flaw = checkPattern(pattern)
      if (flaw !== undefined) problems.add(where, flaw)
    }
  }
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
  // GitLab writes the bare name of a branch and of a tag alike, and who may push a tag may choose it.
  if (issuer.like === 'gitlab' && when.has('ref') && !names.some((claim) => TELLS_TYPE.has(claim)))
    problems.add(
      places.get('ref') ?? place,
      "GitLab's `ref` does not tell a branch from a tag of the same name: add `ref_type: branch`, or name `ref_path: refs/heads/…` in its place.",
    )
}

const TELLS_TYPE: ReadonlySet<string> = new Set(['ref_type', 'ref_path', 'sub'])

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
