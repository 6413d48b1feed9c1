import type { User } from './identity.ts'

/**
 * The users that a script would leave behind, read as Snowflake's own reference describes the statements: CREATE USER and
 * ALTER USER … ADD WORKLOAD IDENTITY (one identity each, OIDC only) and GRANT ROLE … TO USER. A role that was not granted
 * opens nothing, whatever DEFAULT_ROLE says. A statement of these kinds that cannot be read is an error.
 */
export function usersOf(script: string): User[] {
  const statements = statementsOf(script)
  const granted = statements.flatMap((words) => {
    const [grant, role, name, to, user, who] = words
    return grant === 'GRANT' && role === 'ROLE' && to === 'TO' && user === 'USER' ? [{ name, who }] : []
  })
  const created = statements.filter(([first, second]) => first === 'CREATE' && second === 'USER')
  return created.flatMap((words) => {
    const user = words[words.indexOf('EXISTS') + 1] ?? ''
    const role = after(words, 'DEFAULT_ROLE')
    if (!granted.some(({ name, who }) => name === role && who === user)) return []
    const added = statements.filter(
      ([alter, , name, add, workload]) =>
        alter === 'ALTER' && name === user && add === 'ADD' && workload === 'WORKLOAD',
    )
    return [words, ...added].map((identity) => ({ user, defaultRole: role, ...identityOf(identity) }))
  })
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
  return statements
}
