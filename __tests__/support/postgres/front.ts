import { once } from 'node:events'
import { createServer, type Socket } from 'node:net'
import { createSecureContext, TLSSocket } from 'node:tls'
import {
  CANCEL_REQUEST,
  CLEARTEXT,
  fatal,
  GSS_REQUEST,
  message,
  parametersOf,
  readerOf,
  SSL_REQUEST,
  startup,
  TOKEN,
  type Message,
} from './messages.ts'
import type { PostgresServer } from './server.ts'

/**
 * Who a password proves somebody to be: the role of the database, or why not, in the server's own words. With a password
 * the server itself has the last word on the role.
 */
export type Admission =
  | { readonly role: string; readonly password?: string }
  | { readonly refusal: string; readonly detail: string }

/** One login as it came. */
export interface Login {
  readonly user: string
  /** Or the token. */
  readonly password: string
  readonly parameters: ReadonlyMap<string, string>
  readonly admitted: boolean
  /** Why not, beyond what the client is told. */
  readonly detail: string
  /** In milliseconds since the epoch. */
  readonly at: number
}

/** AuthenticationCleartextPassword. */
const ASKS_FOR_PASSWORD = 3

export interface FrontOptions {
  readonly server: PostgresServer
  readonly certificate: { readonly cert: string; readonly key: string }
  readonly admit: (user: string, password: string) => Admission | Promise<Admission>
  /** For whoever says in the startup that a token of Identity Center's trust is coming, as Redshift does it. */
  readonly admitToken?: (token: string) => Promise<Admission>
  /** The only parameters of the startup that the server would know; all where absent. */
  readonly keep?: readonly string[]
  /** What the front tells of the server in place of what it says. */
  readonly status?: Readonly<Record<string, string>>
  /** Changes a message of the client on its way. */
  readonly rewrite?: (message: Message) => Message
}

/** A database server on 127.0.0.1 that speaks TLS only and admits by its own rule; SQL is run by a real PostgreSQL. */
export interface Front extends AsyncDisposable {
  readonly port: number
  readonly logins: readonly Login[]
}

/** Starts the front. */
export async function startFront(options: FrontOptions): Promise<Front> {
  const logins: Login[] = []
  const sockets = new Set<Socket>()
  const server = createServer((socket) => {
    sockets.add(socket.once('close', () => sockets.delete(socket)).on('error', () => socket.destroy()))
    serve(socket, options, logins).catch(() => socket.destroy())
  })
  server.listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  return {
    port: typeof address === 'object' && address ? address.port : 0,
    logins,
    async [Symbol.asyncDispose]() {
      for (const socket of sockets) socket.destroy()
      await new Promise((resolve) => server.close(resolve))
    },
  }
}

async function serve(plain: Socket, options: FrontOptions, logins: Login[]): Promise<void> {
  const secure = await encrypted(plain, options.certificate)
  if (!secure)
    return void plain.end(fatal('28000', 'no pg_hba.conf entry for host "127.0.0.1", no encryption'))
  secure.on('error', () => secure.destroy())
  const reader = readerOf(secure)
  const hello = await reader.next(true)
  if (!hello || hello.body.readUInt32BE() === CANCEL_REQUEST) return void secure.end()
  const parameters = parametersOf(hello.body)
  const user = parameters.get('user') ?? ''
  const admitToken = parameters.get('idp_type') === 'AwsIdc' ? options.admitToken : undefined
  secure.write(admitToken ? TOKEN : CLEARTEXT)
  const answer = await reader.next()
  if (answer?.type !== (admitToken ? 'i' : 'p')) return void secure.end()
  // A token comes without an end of text, unlike a password.
  const password = (admitToken ? answer.body : answer.body.subarray(0, -1)).toString()
  const admission = await (admitToken?.(password) ?? options.admit(user, password))
  const login = { user, password, parameters, at: Date.now() }
  if ('refusal' in admission) {
    logins.push({ ...login, admitted: false, detail: admission.detail })
    return void secure.end(fatal('28000', admission.refusal))
  }
  const note = (refusal: string | undefined): void =>
    void logins.push({ ...login, admitted: refusal === undefined, detail: refusal ?? '' })
  await relay(secure, reader, parameters, admission, options, note)
}

/** TLS, once the client asks for it as libpq does. */
async function encrypted(
  plain: Socket,
  certificate: FrontOptions['certificate'],
): Promise<TLSSocket | undefined> {
  const reader = readerOf(plain)
  for (;;) {
    const asked = (await reader.next(true))?.body.readUInt32BE()
    if (asked === GSS_REQUEST) plain.write('N')
    else if (asked !== SSL_REQUEST) return undefined
    else break
  }
  reader.release()
  plain.write('S')
  return new TLSSocket(plain, { isServer: true, secureContext: createSecureContext(certificate) })
}

type Reader = ReturnType<typeof readerOf>

async function relay(
  secure: TLSSocket,
  reader: Reader,
  parameters: ReadonlyMap<string, string>,
  { role, password }: Extract<Admission, { readonly role: string }>,
  options: FrontOptions,
  note: (refusal: string | undefined) => void,
): Promise<void> {
  const upstream = await options.server.connect()
  const end = (): void => {
    upstream.destroy()
    secure.destroy()
  }
  upstream.on('error', end).on('close', end)
  secure.on('close', end)
  const kept = [...parameters].filter(([name]) => options.keep?.includes(name) ?? true)
  upstream.write(startup(new Map([...kept, ['user', role]])))
  const answers = readerOf(upstream)
  for (;;) {
    const next = await answers.next()
    if (!next) return end()
    if (next.type === 'R' && next.body.readUInt32BE() === ASKS_FOR_PASSWORD) {
      upstream.write(message('p', Buffer.from(`${password ?? ''}\0`)))
      continue
    }
    // Before anybody waits for what follows from it.
    if (next.type === 'E' || next.type === 'Z')
      note(next.type === 'E' ? (/\0M([^\0]*)/.exec(next.body.toString())?.[1] ?? '') : undefined)
    secure.write(next.type === 'S' ? status(next, options.status ?? {}) : message(next.type, next.body))
    if (next.type === 'Z') break
  }
  secure.write(answers.release())
  upstream.pipe(secure)
  const { rewrite = (one: Message) => one } = options
  for (;;) {
    const next = await reader.next()
    if (!next) return end()
    const { type, body } = rewrite(next)
    upstream.write(message(type, body))
  }
}

function status({ body }: Message, told: Readonly<Record<string, string>>): Buffer {
  const [name = '', value = ''] = body.toString().split('\0')
  return message('S', Buffer.from(`${name}\0${told[name] ?? value}\0`))
}
