// Trino 476:
// https://trino.io/docs/476/security/jwt.html: `iss` equals required-issuer, `aud` holds required-audience, and the claim of
//   principal-field, by default `sub`, is the principal.
// https://trino.io/docs/476/security/user-mapping.html ("Rules"): the first rule whose pattern, a regular expression of Java, matches
//   the principal as a whole names the user (`user`, by default `$1`); `allow: false` refuses; where none matches, so does Trino.
// https://trino.io/docs/476/security/file-system-access-control.html ("Catalog rules"): user and catalog are regular expressions,
//   the first rule that matches both counts, and `allow` is `all`, `read-only` or `none`.
import * as z from 'zod/mini'
import { isRecord, parseRecord, scalarText } from '../shape.ts'
import { textsOf, type Model, type Pasted } from './presented.ts'

const PREFIX = 'http-server.authentication.jwt.'
const KNOWN = ['key-file', 'required-issuer', 'required-audience', 'principal-field', 'user-mapping.file']

const Mapping = z.strictObject({
  rules: z.array(
    z.strictObject({
      pattern: z.string(),
      user: z.optional(z.string()),
      allow: z.optional(z.boolean()),
    }),
  ),
})

const Catalogs = z.array(
  z.strictObject({ user: z.optional(z.string()), catalog: z.optional(z.string()), allow: z.string() }),
)

/** Lets in whoever is mapped to a user that may see some catalog. */
export const trino: Model = (documents) => {
  const properties = propertiesOf(textsOf(documents, 'properties').join('\n'))
  const of = (name: string): string | undefined => properties.get(`${PREFIX}${name}`)
  for (const name of properties.keys())
    if (name.startsWith(PREFIX) && !KNOWN.includes(name.slice(PREFIX.length)))
      throw new Error(`the model does not know ${name}`)
  const types = (properties.get('http-server.authentication.type') ?? '').split(',')
  const { rules } = Mapping.parse(fileOf(documents, of('user-mapping.file')))
  const { catalogs } = fileOf(documents, 'etc/rules.json')
  const allowed = Catalogs.parse(catalogs)
  const userOf = (principal: string): string | undefined => {
    const rule = rules.find(({ pattern }) => whole(pattern, principal))
    return rule?.allow === false ? undefined : rule?.user
  }
  const seesSome = (user: string): boolean =>
    allowed.some(
      ({ user: who = '.*', catalog, allow }) => whole(who, user) && catalog !== undefined && allow !== 'none',
    )
  return (claims) => {
    if (!types.includes('JWT') || claims.iss !== of('required-issuer')) return false
    if (
      ![claims.aud ?? []]
        .flat()
        .map(scalarText)
        .includes(of('required-audience') ?? '')
    )
      return false
    const user = userOf(scalarText(claims[of('principal-field') ?? 'sub']))
    return user !== undefined && seesSome(user)
  }
}

/** What is written here means the same to Java and to JavaScript: literals, classes and stars. */
function whole(pattern: string, text: string): boolean {
  return new RegExp(`^(?:${pattern})$`, 'u').test(text)
}

/** java.util.Properties, of which nothing but comments and `name=value` is used here: a later line takes the place of an earlier. */
function propertiesOf(text: string): ReadonlyMap<string, string> {
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'))
  return new Map(lines.map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]))
}

function fileOf(documents: readonly Pasted[], path: string | undefined): Record<string, unknown> {
  const found = documents.find(({ file }) => file?.path === path)
  const parsed: unknown = found ? parseRecord(found.text) : undefined
  if (!isRecord(parsed)) throw new Error(`there is no file ${path}`)
  return parsed
}
