import { isLiteral } from '../../pattern.ts'
import type { When } from '../../policy.ts'
import { heading } from '../../trust/heading.ts'
import { heldBy } from '../../trust/held.ts'
import { comment, json, sh, verbatim, type Fragment } from '../../trust/quote.ts'
import { comparable, wayOf } from '../../trust/other-claims.ts'
import type { TrustRule } from '../../trust/rules.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import type { Login, Settings } from './settings.ts'

/** The auth method, its role with every claim that it can compare, and the one policy of what it opens. */
export function trustOf(s: Settings, request: TrustRequest): readonly TrustDocument[] {
  return roleFor(s, request, openedBy(s))
}

/** The one path that the settings read. */
export function openedBy(s: Settings): Opened {
  return { path: pathOf(s), capability: 'read', notes: aboutDatabase(s) }
}

/** What the role opens. */
export interface Opened {
  readonly path: string
  readonly capability: 'read' | 'update'
  readonly notes: readonly string[]
}

/** What the auth method is told, however it is written. */
export function toldOf(s: Login, request: TrustRequest, opened: Opened) {
  const { issuer, audiences, rules, other } = request
  const bound = boundClaims(rules.map((rule) => ({ ...rule, when: comparable(rule) })))
  const held = heldBy(rules, () => bound.exact, 'claims')
  // Named as the role: another role is made beside it, and what another target or repository calls its own is another.
  const policy = `dbt-oidc-${s.mount}-${s.role}`.replaceAll('/', '-').toLowerCase()
  const role = {
    role_type: 'jwt',
    user_claim: other ? 'sub' : 'repository_id',
    bound_audiences: audiences,
    // A star of Vault also stands for / and :, so what a pattern of ours leaves out, it lets in.
    bound_claims_type: bound.globs ? 'glob' : 'string',
    bound_claims: Object.fromEntries(
      [...bound.claims].map(([claim, values]) => [other ? nameAt(wayOf(other, claim)) : claim, values]),
    ),
    // A mapped claim that a token lacks is left out; of other issuers the subject says who it was.
    claim_mappings: other
      ? {}
      : {
          repository: 'repository',
          run_id: 'run_id',
          run_attempt: 'run_attempt',
          actor: 'actor',
        },
    token_policies: [policy],
    token_ttl: '1h',
    token_type: 'service',
  }
  return {
    policy,
    role,
    opens: `path "${opened.path}" {\n  capabilities = ["${opened.capability}"]\n}`,
    title: `Vault: the role ${s.role} of auth/${s.mount}`,
    held: { heldThere: held.heldThere, checkedHere: held.checkedHere },
    lines: [
      ...heading(request, held),
      ...(bound.inPart.length === 0
        ? []
        : [`Held there in part: ${bound.inPart.join(', ')}. This action checks the rest.`]),
    ],
    owns: [
      {
        what: `the role ${s.role} of auth/${s.mount} at ${s.url}${s.namespace === undefined ? '' : ` in ${s.namespace}`}`,
        rule: JSON.stringify([issuer, audiences, [...bound.claims], opened.path]),
        remedy: 'Give each target a role of its own.',
        beside:
          'Name a role of the auth method beside the other one, too: `--set identity.role=…` with `--set identity.database.role=…`; or rotate the audience with --audience.',
      },
      {
        what: `the policy ${policy} at ${s.url}${s.namespace === undefined ? '' : ` in ${s.namespace}`}`,
        rule: opened.path,
        remedy:
          'Give each target a role of its own, whose name is not that of another with its mount before it.',
        beside:
          'Name a role of the auth method beside the other one, too: `--set identity.role=…` with `--set identity.database.role=…`.',
      },
    ],
  }
}

/** The auth method, the role, and a policy for one path. */
export function roleFor(s: Login, request: TrustRequest, opened: Opened): readonly TrustDocument[] {
  const { issuer, other } = request
  const { policy, role, opens, title, held, lines, owns } = toldOf(s, request, opened)
  const space = inNamespace(s.namespace)
  const enable = sh`vault auth enable${space} -path=${s.mount} jwt
vault write${space} auth/${verbatim(s.mount)}/config oidc_discovery_url=${issuer} bound_issuer=${issuer}`
  const place = sh`auth/${verbatim(`${s.mount}/role/${s.role}`)}`
  const write = heredoc(sh`vault write${space} ${verbatim(place)} -`, json(role))
  const allow = heredoc(sh`vault policy write${space} ${policy} -`, opens)
  const text = [
    comment('#', [
      ...lines,
      'The first command is refused where the auth method is enabled already: leave it out then.',
      other
        ? 'The alias of each token names the subject in the audit log of Vault.'
        : 'The metadata of each token name repository and run in the audit log of Vault.',
    ]),
    enable,
    write,
    allow,
    ...opened.notes,
  ].join('\n')
  return [
    {
      title,
      language: 'sh',
      text: `${text}\n`,
      ...held,
      parts: [
        { what: `the auth method ${s.mount} at ${s.url}`, state: issuer, create: enable },
        {
          what: `the role ${s.role} of auth/${s.mount} at ${s.url}`,
          state: JSON.stringify(role),
          create: write,
          update: write,
          remove: sh`vault delete${space} ${verbatim(place)}`,
        },
        {
          what: `the policy ${policy} at ${s.url}`,
          state: opens,
          create: allow,
          update: allow,
          remove: sh`vault policy delete${space} ${policy}`,
        },
      ],
      prints: role,
      owns,
    },
  ]
}

/** As Vault names a claim: one within an object by a JSON pointer (RFC 6901). */
function nameAt(way: readonly string[]): string {
  const [only = ''] = way
  if (way.length === 1) return only
  return way.map((name) => `/${name.replaceAll('~', '~0').replaceAll('/', '~1')}`).join('')
}

/** A flag of `vault`, with the space before it. */
export function inNamespace(namespace: string | undefined): Fragment {
  return verbatim(namespace === undefined ? '' : sh` -namespace=${namespace}`)
}

/** Nothing in it is looked at by the shell; a line of the text can be no end, since every one has more than one word or sign. */
export function heredoc(command: string, text: string): string {
  return `${command} <<'VAULT_END'\n${text}\nVAULT_END`
}

function pathOf({ database, secret }: Settings): string {
  if (database) return `${database.mount}/${database.static ? 'static-creds' : 'creds'}/${database.role}`
  if (!secret) return ''
  return secret.version === 1 ? `${secret.mount}/${secret.path}` : `${secret.mount}/data/${secret.path}`
}

function aboutDatabase({ database }: Settings): readonly string[] {
  if (!database || database.static) return []
  return [
    comment('#', [
      `The role ${database.role} of ${database.mount} makes a user for each run, and Vault drops it when the run gives it back.`,
      'What dbt has made belongs to that user: let creation_statements end in SET ROLE of a lasting owner, e.g. for PostgreSQL',
      'ALTER ROLE "{{name}}" SET ROLE dbt_owner, and revocation_statements begin with REASSIGN OWNED BY "{{name}}" TO dbt_owner; DROP OWNED BY "{{name}}".',
    ]),
  ]
}

interface Bound {
  readonly claims: ReadonlyMap<string, string | readonly string[]>
  readonly globs: boolean
  /** Claims that Vault compares as the policy does, in every grant. */
  readonly exact: readonly string[]
  readonly inPart: readonly string[]
}

/**
 * One role has one set of claims: what every grant names, each with the values of all of them. Where the grants differ in
 * more than one claim, that lets in their mixtures, too, and is held in part only.
 */
function boundClaims(rules: readonly TrustRule[]): Bound {
  const [first, ...others] = rules.map(({ when }) => when)
  const shared = [...(first?.keys() ?? [])].filter((claim) => others.every((one) => one.has(claim)))
  const varying = [...new Set(rules.flatMap(({ when }) => [...when.keys()]))].filter((claim) =>
    differs(claim, rules),
  )
  const claims = new Map(shared.map((claim) => [claim, valuesOf(claim, rules)] as const))
  const globs = [...claims.values()].flat().some((value) => !isLiteral(value))
  const exact = shared.filter(
    (claim) => valuesOf(claim, rules).every(isLiteral) && (varying.length <= 1 || !varying.includes(claim)),
  )
  return {
    claims: new Map(
      [...claims].map(([claim, [only = '', ...more]]) => [claim, more.length === 0 ? only : [only, ...more]]),
    ),
    globs,
    exact,
    inPart: shared.filter((claim) => !exact.includes(claim)),
  }
}

function differs(claim: string, rules: readonly TrustRule[]): boolean {
  return new Set(rules.map(({ when }) => JSON.stringify(sorted(when, claim)))).size > 1
}

function sorted(when: When, claim: string): readonly string[] | undefined {
  return when.get(claim)?.toSorted()
}

function valuesOf(claim: string, rules: readonly TrustRule[]): readonly string[] {
  return [...new Set(rules.flatMap(({ when }) => when.get(claim) ?? []))]
}
