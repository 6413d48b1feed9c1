import { claimsOf as claimsOfPayload, type OtherIssuer } from '../../../src/other-issuer.ts'
import type { Config } from '../../../src/config.ts'
import { audienceOf } from '../../../src/config/target.ts'
import { decide, type Decision } from '../../../src/policy.ts'
import { claimsOf } from '../claims-of.ts'
import { configOf } from '../config-of.ts'
import { DAGSTER, GITLAB, KUBERNETES, type Payload } from '../other-payloads.ts'
import type { Platform } from './platforms.ts'
import type { WrittenWhen } from './policies.ts'
import { openClaims, type Stand } from './stand.ts'

/** An issuer with policies for its tokens, and tokens of which each differs from another in one claim at least. */
export interface World {
  readonly like: 'gitlab' | 'kubernetes'
  readonly url: string
  readonly policies: Readonly<Record<string, readonly WrittenWhen[]>>
  readonly tokens: readonly Payload[]
}

function product(choices: Readonly<Record<string, readonly unknown[]>>): readonly Payload[] {
  return Object.entries(choices).reduce<readonly Payload[]>(
    (made, [claim, values]) => made.flatMap((one) => values.map((value) => ({ ...one, [claim]: value }))),
    [{}],
  )
}

/** As GitLab makes them: the subject, the namespace and the path of the ref follow from the others. */
const ofGitLab = product({
  project_path: ['acme/shop', 'acme/shop2', 'acme/sub/shop', 'evil/shop'],
  ref: ['main', 'develop', 'feature/x', 'feature/x/y'],
  ref_type: ['branch', 'tag'],
  ref_protected: ['true', 'false'],
  environment: ['production', 'Production', undefined],
}).map((given): Payload => {
  const [project, ref, type] = [
    String(given['project_path']),
    String(given['ref']),
    String(given['ref_type']),
  ]
  return {
    ...GITLAB,
    ...given,
    project_id: project === 'acme/shop' ? '20' : '21',
    namespace_path: project.slice(0, project.lastIndexOf('/')),
    ref_path: `refs/${type === 'branch' ? 'heads' : 'tags'}/${ref}`,
    sub: `project_path:${project}:ref_type:${type}:ref:${ref}`,
  }
})

const ofKubernetes = product({
  namespace: ['airflow', 'dagster', 'evil'],
  account: ['dbt', 'default'],
  pod: ['dbt-run-7', 'shell', undefined],
}).map(({ namespace, account, pod }): Payload => {
  const base = namespace === 'dagster' ? DAGSTER : KUBERNETES
  const bound = pod === undefined ? {} : { pod: { name: pod, uid: '5e0bd49b' } }
  return {
    ...base,
    'kubernetes.io': { namespace, serviceaccount: { name: account, uid: '14ee3fa4' }, ...bound },
    sub: `system:serviceaccount:${String(namespace)}:${String(account)}`,
  }
})

const MAIN = { project_path: ['acme/shop'], ref: ['main'], ref_type: ['branch'] }
const POD = 'kubernetes.io/pod/name'
const IN = { 'kubernetes.io/namespace': ['airflow'], 'kubernetes.io/serviceaccount/name': ['dbt'] }

export const WORLDS: readonly World[] = [
  {
    like: 'gitlab',
    url: 'https://gitlab.acme.example',
    tokens: ofGitLab,
    policies: {
      branch: [MAIN],
      protected: [{ ...MAIN, ref_protected: ['true'] }],
      environment: [{ ...MAIN, environment: ['production'] }],
      path: [{ project_path: ['acme/shop'], ref_path: ['refs/heads/main'] }],
      subject: [{ sub: ['project_path:acme/shop:ref_type:branch:ref:main'] }],
      lists: [{ ...MAIN, project_path: ['acme/shop', 'acme/shop2'], ref: ['main', 'develop'] }],
      'two grants': [MAIN, { ...MAIN, project_path: ['acme/shop2'], environment: ['production'] }],
      branches: [{ ...MAIN, ref: ['feature/*'] }],
      'all branches': [{ ...MAIN, ref: ['**'] }],
      projects: [{ ...MAIN, project_path: ['acme/**'] }],
      group: [{ namespace_path: ['acme'], ref: ['main'], ref_type: ['branch'] }],
      'open environment': [{ project_path: ['acme/shop'], environment: ['prod*'] }],
      id: [{ project_id: ['20'], ref_path: ['refs/heads/main'] }],
    },
  },
  {
    like: 'kubernetes',
    url: 'https://oidc.eks.eu-west-1.amazonaws.com/id/EXAMPLE',
    tokens: ofKubernetes,
    policies: {
      subject: [{ sub: ['system:serviceaccount:airflow:dbt'] }],
      claims: [IN],
      pod: [{ ...IN, [POD]: ['dbt-run-7'] }],
      pods: [{ sub: ['system:serviceaccount:airflow:dbt'], [POD]: ['dbt-run-*'] }],
      accounts: [{ sub: ['system:serviceaccount:airflow:dbt', 'system:serviceaccount:dagster:dbt'] }],
      namespace: [{ 'kubernetes.io/namespace': ['airflow'], [POD]: ['dbt-run-*'] }],
    },
  },
]

/** A policy for one target of a platform, with grants for this issuer alone. */
export function otherConfig(
  platform: Platform,
  { like, url }: World,
  grants: readonly WrittenWhen[],
): Promise<Config> {
  return configOf({
    policy: JSON.stringify({
      issuers: { theirs: { url, like } },
      targets: { prod: platform.target('prod') },
      grants: grants.map((when) => ({ issuer: 'theirs', target: 'prod', when })),
    }),
  })
}

function decided({ config }: Stand, issuer: OtherIssuer, payload: Payload): Decision {
  const all = claimsOfPayload(payload, issuer)
  const sub = String(payload['sub'])
  return decide(config.elsewhere, { ...claimsOf(), from: issuer.name, iss: issuer.url, sub, all }, 'prod')
}

const shown = (payload: Payload, what: string): string => `${what}: ${JSON.stringify(payload)}`

/** Where policy and trust differ over a token, and no document says so. */
export function faultsOf(at: Stand, { tokens, url }: World): readonly string[] {
  const issuer = at.config.issuers.get('theirs')
  if (!issuer) throw new Error('there is no issuer')
  const from = { iss: url, aud: audienceOf(at.target) }
  return tokens.flatMap((payload) => {
    const { granted, verdicts } = decided(at, issuer, payload)
    const present = JSON.parse(JSON.stringify({ ...payload, ...from })) as Payload
    const accepted = at.accepts(present)
    const strangers = [{ iss: 'https://gitlab.com' }, { aud: 'somebody' }].filter((other) =>
      at.accepts({ ...present, ...other }),
    )
    if (strangers.length > 0) return [shown(payload, 'from anybody')]
    if (granted && !accepted) return [shown(payload, 'narrower')]
    const explained = verdicts.some(({ grant, checks }) => {
      const open = openClaims(at, grant.name)
      return checks.every(({ ok, claim }) => ok || open.includes(claim))
    })
    return !granted && accepted && !explained ? [shown(payload, 'wider')] : []
  })
}
