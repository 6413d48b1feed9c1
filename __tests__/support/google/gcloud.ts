import { execFileSync } from 'node:child_process'

/** An OIDC provider of a workload identity pool, as it was created. */
export interface Provider {
  readonly issuer: string
  /** Empty: the provider's own name, with or without `https:`. */
  readonly audiences: readonly string[]
  /** Attribute to CEL expression. */
  readonly mapping: ReadonlyMap<string, string>
  readonly condition: string
}

/** A role on a service account, a project or a dataset. */
export interface Binding {
  /** `serviceAccount/EMAIL`, `project/ID`. */
  readonly resource: string
  readonly role: string
  readonly member: string
}

/** Cloud SQL as the commands left it. */
export interface Databases {
  /** The flag `cloudsql.iam_authentication`. */
  readonly iam: boolean
  /** Names of users of the type CLOUD_IAM_SERVICE_ACCOUNT. */
  readonly accounts: readonly string[]
}

/** What stands in Google Cloud once the commands have been run. */
export interface Cloud {
  /** By full resource name. */
  readonly providers: ReadonlyMap<string, Provider>
  readonly bindings: readonly Binding[]
  readonly databases: Databases
}

type Call = readonly string[]

const POOL = /^projects\/\d+\/locations\/global\/workloadIdentityPools\/[a-z0-9-]{4,32}$/

/**
 * Runs a document of gcloud commands in a real shell, in which gcloud is a function that writes down its arguments, and
 * reads them as the reference of the Google Cloud CLI says (cloud.google.com/sdk/gcloud/reference/iam).
 */
export function readGcloud(document: string): Cloud {
  const calls = callsOf(document)
  const providers = new Map<string, Provider>()
  const pools = new Set<string>()
  const bindings: Binding[] = []
  const accounts: string[] = []
  let iam = false
  for (const [...call] of calls) {
    const { words, flags } = split(call)
    const [name = ''] = words.slice(-1)
    const command = words.slice(0, -1).join(' ')
    const exists = (): void => {
      if (!providers.has(name)) throw new Error(`NOT_FOUND: ${name}`)
    }
    const drop = (resource: string): void => {
      const { role, member } = roleOf(flags)
      const at = bindings.findIndex(
        (one) => one.resource === resource && one.role === role && one.member === member,
      )
      if (at < 0) throw new Error(`NOT_FOUND: ${role} of ${member} on ${resource}`)
      bindings.splice(at, 1)
    }
    if (command === 'iam workload-identity-pools create') pools.add(checked(name, POOL))
    else if (command === 'iam workload-identity-pools providers create-oidc') {
      const [pool = '', id = ''] = name.split('/providers/')
      if (!pools.has(pool)) throw new Error(`NOT_FOUND: the pool ${pool} does not exist`)
      checked(id, /^(?!gcp-)[a-z0-9-]{4,32}$/)
      providers.set(name, providerOf(flags))
    } else if (command === 'iam workload-identity-pools providers update-oidc') {
      exists()
      providers.set(name, providerOf(flags))
    } else if (command === 'iam workload-identity-pools providers delete') {
      exists()
      providers.delete(name)
    } else if (command === 'iam service-accounts remove-iam-policy-binding') drop(`serviceAccount/${name}`)
    else if (command === 'projects remove-iam-policy-binding') drop(`project/${name}`)
    else if (command === 'iam service-accounts add-iam-policy-binding')
      bindings.push({ resource: `serviceAccount/${name}`, ...roleOf(flags) })
    else if (command === 'projects add-iam-policy-binding')
      bindings.push({ resource: `project/${name}`, ...roleOf(flags) })
    else if (command === 'kms keys add-iam-policy-binding') {
      const place = ['project', 'location', 'keyring'].map((flag) => flags.get(flag) ?? '')
      bindings.push({ resource: `key/${[...place, name].join('/')}`, ...roleOf(flags) })
    } else if (command === 'services enable') continue
    else if (command === 'sql instances patch')
      iam = flags.get('database-flags')?.split(',').includes('cloudsql.iam_authentication=on') ?? false
    else if (command === 'sql users create' && flags.get('type') === 'cloud_iam_service_account')
      // sql/docs/postgres/add-manage-iam-users: without the domain, or PostgreSQL would know another name.
      accounts.push(checked(name, /^[a-z0-9-]+@[a-z0-9-]+\.iam$/))
    else throw new Error(`gcloud knows no command \`${command}\``)
  }
  return { providers, bindings, databases: { iam, accounts } }
}

function callsOf(document: string): readonly Call[] {
  const gcloud = `gcloud() { printf '%s\\0' "$@"; printf '\\0'; }\n`
  const said = execFileSync('/bin/sh', ['-eu', '-c', gcloud + document], { encoding: 'utf8', env: {} })
  return said
    .split('\0\0')
    .filter((call) => call !== '')
    .map((call) => call.split('\0'))
}

function split(call: Call): {
  readonly words: readonly string[]
  readonly flags: ReadonlyMap<string, string>
} {
  const flags = call.filter((word) => word.startsWith('--'))
  return {
    words: call.filter((word) => !word.startsWith('--')),
    flags: new Map(flags.map((flag) => splitOnce(flag.slice(2)))),
  }
}

function splitOnce(text: string): [string, string] {
  const at = text.indexOf('=')
  return at < 0 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)]
}

/** Limits: cloud.google.com/iam/docs/reference/rest/v1/projects.locations.workloadIdentityPools.providers. */
function providerOf(flags: ReadonlyMap<string, string>): Provider {
  // A dictionary of gcloud: commas between the entries, and the first `=` of each behind its key.
  const mapping = new Map((flags.get('attribute-mapping') ?? '').split(',').map(splitOnce))
  for (const [key, expression] of mapping) {
    checked(key, /^(?:google\.(?:subject|groups)|attribute\.[a-z0-9_]{1,90})$/)
    if (expression.length > 2048) throw new Error(`INVALID_ARGUMENT: the mapping of ${key} is too long`)
  }
  const condition = flags.get('attribute-condition') ?? ''
  if (condition.length > 4096) throw new Error('INVALID_ARGUMENT: the condition is too long')
  if (!mapping.has('google.subject')) throw new Error('INVALID_ARGUMENT: google.subject is not mapped')
  // Asked of providers for GitHub's issuer since 2024: without it every repository of the world would come in.
  if (!/\bassertion\b/.test(condition))
    throw new Error("The attribute condition must reference one of the provider's claims")
  const audiences = (flags.get('allowed-audiences') ?? '').split(',').filter((one) => one !== '')
  if (audiences.length > 10 || audiences.some((one) => one.length > 256))
    throw new Error('INVALID_ARGUMENT: at most 10 audiences of 256 characters')
  return { issuer: flags.get('issuer-uri') ?? '', audiences, mapping, condition }
}

function roleOf(flags: ReadonlyMap<string, string>): { readonly role: string; readonly member: string } {
  return {
    role: checked(flags.get('role') ?? '', /^roles\/[a-zA-Z.]+$/),
    member: checked(
      flags.get('member') ?? '',
      /^(?:serviceAccount:|principalSet:\/\/iam\.googleapis\.com\/)\S+$/,
    ),
  }
}

function checked(text: string, shape: RegExp): string {
  if (shape.test(text)) return text
  throw new Error(`INVALID_ARGUMENT: ${text}`)
}
