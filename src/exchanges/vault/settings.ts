import * as z from 'zod/mini'
import { isLoopback } from '../../rehearsal.ts'

/** A path of Vault, as in `vault read`: no slash at its ends, nothing that an URL would read otherwise. */
const path = z
  .string()
  .check(
    z.refine(
      (text) =>
        /^[\w.@+-]+(?:\/[\w.@+-]+)*$/.test(text) && !text.split('/').some((part) => /^\.+$/.test(part)),
      'must be a path as `vault read` takes it: letters, digits and `-_.@+`, parts separated by `/`',
    ),
  )

const database = z.strictObject({
  /** Where the database engine is mounted. */
  mount: z._default(path, 'database'),
  /** Its role: `creds/ROLE`, or `static-creds/ROLE`. */
  role: path,
  /** A static role: one user whose password Vault rotates, in place of a new user for each run. */
  static: z._default(z.boolean(), false),
})

const secret = z.strictObject({
  /** Where the key/value engine is mounted. */
  mount: z._default(path, 'secret'),
  path,
  version: z._default(z.union([z.literal(1), z.literal(2)]), 2),
  /** The field with the password, the token or the private key. */
  field: z.string().check(z.minLength(1)),
  /** The field with the name of the user, where it is not in the connection. */
  'user-field': z.optional(z.string()),
})

const server = {
  url: z
    .string()
    .check(
      z.refine(
        (text) => (text.startsWith('https://') && URL.canParse(text)) || isLoopback(text),
        'must be the https address of the server, as https://vault.acme.example:8200',
      ),
    ),
  /** Vault Enterprise, HCP and OpenBao. */
  namespace: z.optional(path),
  /** Where the JWT auth method is mounted. */
  mount: z._default(path, 'jwt'),
  /** The role of the auth method. */
  role: path,
}

/** A login alone, for what else Vault can do than give out secrets. */
export const login = z.strictObject(server)

export type Login = z.infer<typeof login>

export const settings = z
  .strictObject({
    ...server,
    database: z.optional(database),
    secret: z.optional(secret),
  })
  .check((payload) => {
    const { database: one, secret: other } = payload.value
    if ((one === undefined) === (other === undefined))
      payload.issues.push({
        code: 'custom',
        path: ['database'],
        message:
          'must say what to read, in one of two ways: `database: { role: … }` for a user that Vault makes, or `secret: { path: …, field: … }` for one that it keeps',
        input: payload.value,
      })
  })

export type Settings = z.infer<typeof settings>
