import type { User } from './identity.ts'
import type { Rights } from './login.ts'

/** What a script leaves behind. */
export interface Account {
  readonly users: readonly User[]
  readonly rights: Rights
}

/**
 * What a script would leave behind, read as Snowflake's own reference describes the statements: CREATE USER and
 * ALTER USER … ADD WORKLOAD IDENTITY (one identity each, OIDC only), GRANT ROLE … TO USER, and USAGE of warehouses and
 * databases. A role that was not granted opens nothing, whatever DEFAULT_ROLE says. A user that cannot be read is an error.
 */
export function accountOf(script: string): Account {
  const statements = statementsOf(script)
  return {
    users: usersIn(statements),
    rights: {
      roles: statements.flatMap(([grant, role, name = '', to, user, who = '']) =>
        grant === 'GRANT' && role === 'ROLE' && to === 'TO' && user === 'USER'
          ? [{ role: plain(name), user: plain(who) }]
          : [],
      ),
      usage: statements.flatMap(usageIn),
    },
  }
}

/** The users alone. */
export function usersOf(script: string): readonly User[] {
  return accountOf(script).users
}

/** How and from where somebody may log in, which is not modelled here. */
const POLICIES = ['CREATE AUTHENTICATION', 'CREATE NETWORK']

/** Throws where a statement is of a kind that no trust of Snowflake has. */
export function checkStatements(script: string): void {
  for (const words of statementsOf(script)) {
    const [verb = '', what = ''] = words
    const known = [...POLICIES, 'CREATE ROLE', 'CREATE USER', 'ALTER USER', 'GRANT'].some((start) =>
      `${verb} ${what} `.startsWith(`${start} `),
    )
    // A name in backquotes is of another dialect.
    if (!known || words.some((word) => word.startsWith('`')))
      throw new Error(`no statement of this stand-in: ${words.slice(0, 8).join(' ')} …`)
  }
}

/** Identities of each user, by name; statements are carried out in their order. */
function usersIn(statements: readonly string[][]): readonly User[] {
  const users = new Map<string, Map<string, User>>()
  const known = (name = ''): Map<string, User> => {
    const found = users.get(name)
    if (!found) throw new Error(`User '${name}' does not exist or not authorized.`)
    return found
  }
  for (const words of statements) {
    const [verb, what, name = '', how, of, kind, identity = ''] = words
    if (what !== 'USER') continue
    if (verb === 'DROP') users.delete(name)
    if (verb === 'CREATE') {
      const user = words[words.indexOf('EXISTS') + 1] ?? ''
      const made = { user, defaultRole: after(words, 'DEFAULT_ROLE'), ...identityOf(words) }
      if (!users.has(user)) users.set(user, new Map([['', made]]))
    }
    if (verb !== 'ALTER') continue
    const own = known(name)
    const first = { user: name, defaultRole: own.get('')?.defaultRole ?? '' }
    if (how === 'SET' && of === 'WORKLOAD_IDENTITY') own.set('', { ...first, ...identityOf(words) })
    if (of !== 'WORKLOAD' || kind !== 'IDENTITY') continue
    if (how === 'ADD') {
      if (own.has(identity)) throw new Error(`The identity ${identity} of ${name} exists.`)
      if (own.size > 10) throw new Error(`${name} has ten named identities already.`)
      own.set(identity, { ...first, ...identityOf(words) })
    }
    if (how === 'REMOVE' && !own.delete(identity))
      throw new Error(`There is no identity ${identity} of ${name}.`)
  }
  return [...users.values()].flatMap((own) => [...own.values()])
}

function usageIn(words: readonly string[]): Rights['usage'] {
  const on = words.indexOf('ON')
  const [kind, name, to, role, holder] = words.slice(on + 1)
  if (words[0] !== 'GRANT' || !words.slice(1, on).includes('USAGE') || to !== 'TO' || role !== 'ROLE')
    return []
  if (kind !== 'WAREHOUSE' && kind !== 'DATABASE') return []
  return [{ kind, name: plain(name ?? ''), role: plain(holder ?? '') }]
}

/** As names are compared here: without quotes and in capitals. */
function plain(name: string): string {
  return name.replaceAll('"', '').toUpperCase()
}

function identityOf(words: readonly string[]): Pick<User, 'issuer' | 'subject' | 'audiences'> {
  // The first TYPE of CREATE USER is that of the user.
  if (!words.some((word, at) => word === 'TYPE' && words[at + 2] === 'OIDC'))
    throw new Error(`no OIDC identity in ${words.join(' ')}`)
  const list = words.indexOf('OIDC_AUDIENCE_LIST') + 2
  if (words[list] !== '(') throw new Error('OIDC_AUDIENCE_LIST is no list')
  const audiences = words.slice(list + 1, words.indexOf(')', list)).filter((word) => word !== ',')
  return {
    issuer: text(after(words, 'ISSUER')),
    subject: text(after(words, 'SUBJECT')),
    audiences: audiences.map(text),
  }
}

function after(words: readonly string[], name: string): string {
  const at = words.indexOf(name)
  const value = words[at + 2]
  if (at < 0 || words[at + 1] !== '=' || value === undefined) throw new Error(`there is no ${name}`)
  return value
}

function text(literal: string): string {
  if (!literal.startsWith("'")) throw new Error(`${literal} is no text`)
  return literal.slice(1, -1).replaceAll("''", "'")
}

/** Words, quoted literals whole, comments gone. */
function statementsOf(script: string): string[][] {
  const words = script.match(/--[^\n]*|'(?:[^']|'')*'|"(?:[^"]|"")*"|[(),;=]|[^\s(),;='"]+/g) ?? []
  const statements: string[][] = [[]]
  for (const word of words) {
    if (word.startsWith('--')) continue
    if (word === ';') statements.push([])
    else statements.at(-1)?.push(word)
  }
  return statements.filter((words) => words.length > 0)
}
