import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import * as z from 'zod/mini'
import { ensureOpenBao, startOpenBao, type OpenBao } from '../../../scripts/servers/openbao.ts'
import { selfSigned } from '../certificate.ts'
import { runChild } from '../child.ts'

/** A real server of the API of Vault, to which this test is root. */
export interface RealVault extends AsyncDisposable {
  readonly url: string
  /** Asks as root; undefined where there is nothing. Throws with what it says where it refuses. */
  ask(method: string, path: string, body?: unknown): Promise<unknown>
  /** Runs a document with the command line that comes with the server, as a person who pastes it. */
  paste(document: string): Promise<void>
  /** Mounts an empty key/value engine of this version at `secret`. */
  keepSecrets(version: 1 | 2): Promise<void>
  /** What is leased at a path, by id. */
  leases(path: string): Promise<readonly string[]>
  /** Client tokens that live, beside those that the server had at first. */
  tokens(): Promise<number>
}

/** Where a server runs already that is to be asked in place of an OpenBao of our own: HashiCorp's Vault, in CI. */
const [ADDRESS, TOKEN] = ['TEST_VAULT_ADDR', 'TEST_VAULT_TOKEN'] as const

/** The server that the environment names, or an OpenBao that ends with the test. */
export async function openVault(): Promise<RealVault> {
  const [url, token] = [process.env[ADDRESS], process.env[TOKEN]]
  if (url !== undefined && token !== undefined)
    return { ...(await withToken(url, token)), [Symbol.asyncDispose]: async () => undefined }
  const own = await openOwn()
  return {
    ...(await withToken(own.server.url, own.server.root)),
    [Symbol.asyncDispose]: own[Symbol.asyncDispose],
  }
}

/** An OpenBao, its directory, and the certificate of its listener. */
export interface Own extends AsyncDisposable {
  readonly server: OpenBao
  readonly directory: string
  /** Path of the certificate authority, which nobody knows but this test. */
  readonly ca: string
}

/** Starts an OpenBao of the test's own. */
export async function openOwn(): Promise<Own> {
  const directory = mkdtempSync(join(tmpdir(), 'openbao-'))
  const server = await startOpenBao({ directory, tls: selfSigned(['127.0.0.1']) })
  return {
    server,
    directory,
    ca: join(directory, 'cert.pem'),
    async [Symbol.asyncDispose]() {
      await server[Symbol.asyncDispose]()
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

const listed = z.object({ data: z.object({ keys: z.array(z.string()) }) })

/** The same for a server that is up. */
export async function withToken(
  url: string,
  root: string,
): Promise<Omit<RealVault, typeof Symbol.asyncDispose>> {
  const program = await ensureOpenBao()
  const ask = async (method: string, path: string, body?: unknown): Promise<unknown> => {
    const answer = await fetch(`${url}/v1/${path}`, {
      method,
      headers: { 'x-vault-token': root },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    const text = await answer.text()
    if (answer.status === 404) return undefined
    if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
    return text === '' ? undefined : JSON.parse(text)
  }
  const list = async (path: string): Promise<readonly string[]> => {
    const found = await ask('LIST', path)
    return found === undefined ? [] : listed.parse(found).data.keys
  }
  const roots = (await list('auth/token/accessors')).length
  return {
    url,
    ask,
    async keepSecrets(version) {
      await ask('DELETE', 'sys/mounts/secret')
      await ask('POST', 'sys/mounts/secret', { type: 'kv', options: { version: String(version) } })
      if (version === 1) return
      // Vault turns a new engine into one with versions by and by, and takes nothing meanwhile.
      const deadline = Date.now() + 30_000
      while ((await ask('GET', 'secret/config').catch(() => undefined)) === undefined) {
        if (Date.now() > deadline) throw new Error('The key/value engine was not ready in time.')
        await new Promise((resolve) => setTimeout(resolve, 50))
      }
    },
    async paste(document) {
      const script = `vault() { "$PROGRAM" "$@"; }\n${document}`
      const env = {
        PATH: process.env['PATH'] ?? '',
        HOME: tmpdir(),
        PROGRAM: program,
        VAULT_ADDR: url,
        VAULT_TOKEN: root,
      }
      const { exitCode, lines } = await runChild(['sh', '-euc', script], { cwd: tmpdir(), env })
      if (exitCode !== 0) throw new Error(`the document was refused:\n${lines.join('\n')}`)
    },
    leases: (path) => list(`sys/leases/lookup/${path}`),
    tokens: async () => (await list('auth/token/accessors')).length - roots,
  }
}
