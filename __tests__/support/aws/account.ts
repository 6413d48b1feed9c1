import { randomBytes } from 'node:crypto'
import { commandsOf, optionsOf } from './shell.ts'
import { leftToUsers } from './for-users.ts'
import { allows, parsePolicy, type Policy } from './policy.ts'

/** A role as the commands of a trust document have made it. */
export interface Role {
  readonly arn: string
  readonly name: string
  readonly trust: Policy
  readonly maxDuration: number
  readonly policies: Policy[]
  /** Those of its own, by name. */
  readonly inline: Map<string, Policy>
  readonly tags: Map<string, string>
}

/** A role session that was handed out. */
export interface Session {
  readonly accessKeyId: string
  readonly secretAccessKey: string
  readonly sessionToken: string
  readonly role: Role
  readonly account: string
  readonly name: string
  readonly openedAt: number
  readonly expiresAt: number
  /** Session policies: what is not allowed by them too is not allowed. */
  readonly policies: readonly Policy[]
  /** Of IAM Identity Center, whom the session carries. */
  readonly user: string | undefined
}

/** Everything that AWS knows here: providers and roles by account, and sessions by key. */
export interface Cloud {
  /** `account issuer` to client ids. */
  readonly providers: Map<string, readonly string[]>
  readonly roles: Map<string, Role>
  readonly sessions: Map<string, Session>
  /** Assertions of IAM Identity Center, each for one of its users. */
  readonly contexts: Map<string, { readonly user: string; readonly expiresAt: number }>
}

/** A cloud in which nobody trusts anybody. */
export function newCloud(): Cloud {
  return { providers: new Map(), roles: new Map(), sessions: new Map(), contexts: new Map() }
}

/** Runs the `aws iam` commands of a document in an account. Any other command is an error. */
export function apply(cloud: Cloud, text: string, account: string, partition = 'aws'): void {
  for (const words of commandsOf(text)) applyCommand(cloud, words, account, partition)
}

/** Runs one such command. */
export function applyCommand(
  cloud: Cloud,
  words: readonly string[],
  account: string,
  partition = 'aws',
): void {
  const [program, service, command = '', ...rest] = words
  // Whether a database takes such logins at all is its own affair, and no part of IAM.
  if (program === 'aws' && service === 'rds' && /^modify-db-(?:cluster|instance)$/.test(command)) return
  if (program !== 'aws' || service !== 'iam') throw new Error(`${program} ${service} is no command of IAM`)
  const options = optionsOf(rest)
  const one = (name: string): string => {
    const [value, ...others] = options.get(name) ?? []
    if (value === undefined || others.length > 0) throw new Error(`${command} needs one --${name}`)
    return value
  }
  const roleNamed = (): Role => {
    const found = [...cloud.roles.values()].find(
      ({ arn, name }) => name === one('role-name') && arn.split(':')[4] === account,
    )
    if (!found) throw new Error(`NoSuchEntity: ${one('role-name')}`)
    return found
  }
  switch (command) {
    case 'create-open-id-connect-provider':
      cloud.providers.set(`${account} ${one('url')}`, options.get('client-id-list') ?? [])
      break
    case 'create-role': {
      const arn = `arn:${partition}:iam::${account}:role${options.get('path')?.[0] ?? '/'}${one('role-name')}`
      const trust = parsePolicy(one('assume-role-policy-document'))
      const maxDuration = Number(options.get('max-session-duration')?.[0] ?? 3600)
      cloud.roles.set(arn, {
        arn,
        name: one('role-name'),
        trust,
        maxDuration,
        policies: [],
        inline: new Map(),
        tags: new Map(),
      })
      break
    }
    case 'put-role-policy': {
      const role = roleNamed()
      const policy = parsePolicy(one('policy-document'))
      withoutInline(role, one('policy-name'))
      role.inline.set(one('policy-name'), policy)
      role.policies.push(policy)
      break
    }
    case 'delete-role-policy':
      if (!withoutInline(roleNamed(), one('policy-name')))
        throw new Error(`NoSuchEntity: ${one('policy-name')}`)
      break
    case 'update-assume-role-policy': {
      const role = roleNamed()
      cloud.roles.set(role.arn, { ...role, trust: parsePolicy(one('policy-document')) })
      break
    }
    case 'update-role': {
      const role = roleNamed()
      cloud.roles.set(role.arn, { ...role, maxDuration: Number(one('max-session-duration')) })
      break
    }
    case 'delete-role': {
      const role = roleNamed()
      if (role.inline.size > 0)
        throw new Error('DeleteConflict: Cannot delete entity, must delete policies first.')
      cloud.roles.delete(role.arn)
      break
    }
    case 'add-client-id-to-open-id-connect-provider': {
      const provider = one('open-id-connect-provider-arn').replace(/^.*:oidc-provider\//, '')
      const key = [...cloud.providers.keys()].find(
        (name) => name.replace(/ https?:\/\//, ' ') === `${account} ${provider}`,
      )
      if (key === undefined) throw new Error(`NoSuchEntity: ${provider}`)
      cloud.providers.set(key, [...(cloud.providers.get(key) ?? []), one('client-id')])
      break
    }
    case 'tag-role':
      for (const tag of options.get('tags') ?? []) {
        const [, key = '', value = ''] = /^Key=([^,]+),Value=(.*)$/.exec(tag) ?? []
        roleNamed().tags.set(key, value)
      }
      break
    default:
      throw new Error(`the verifier does not know aws iam ${command}`)
  }
}

function withoutInline(role: Role, name: string): boolean {
  const old = role.inline.get(name)
  if (old) role.policies.splice(role.policies.indexOf(old), 1)
  return role.inline.delete(name)
}

/** Whether a session may do something: its role's policies and each session policy must allow it, and AWS itself to a user. */
export function permits(
  session: Session,
  action: string,
  resource: string,
  context: ReadonlyMap<string, string> = new Map(),
): boolean {
  const request = { action, resource, context }
  if (session.user !== undefined && !leftToUsers(action)) return false
  return (
    allows(session.role.policies, request) && session.policies.every((policy) => allows([policy], request))
  )
}

/** Hands out keys for a role and remembers them. */
export function openSession(
  cloud: Cloud,
  role: Role,
  name: string,
  seconds: number,
  policies: readonly Policy[],
  user?: string,
): Session {
  const openedAt = Date.now()
  const session = {
    accessKeyId: `ASIA${randomBytes(8).toString('hex').toUpperCase()}`,
    secretAccessKey: randomBytes(30).toString('base64'),
    sessionToken: randomBytes(180).toString('base64'),
    role,
    account: role.arn.split(':')[4] ?? '',
    name,
    openedAt,
    expiresAt: openedAt + seconds * 1000,
    policies,
    user,
  }
  cloud.sessions.set(session.accessKeyId, session)
  return session
}

/** The ARN of a session, as `AssumedRoleUser` and GetCallerIdentity show it. */
export function sessionArn({ role, account, name }: Session): string {
  return `arn:${role.arn.split(':')[1]}:sts::${account}:assumed-role/${role.name}/${name}`
}
