import { rmSync } from 'node:fs'
import { join } from 'node:path'
import { cached } from './cache.ts'
import { runCommand } from './command.ts'
import { javaHome } from './java.ts'
import { download } from './maven.ts'
import { freePort, serve, type Served } from './process.ts'

const VERSION = '26.7.2'

/** What the tests need beyond the usual: client assertions of another issuer, and RFC 7523 2.1; both are previews. */
const FEATURES = 'jwt-authorization-grant,client-auth-federated'

const ADMIN = { user: 'admin', password: 'admin-of-a-test' }

/** A Keycloak without any realm but its own. */
export interface Keycloak extends Served {
  readonly url: string
  /** Asks its admin interface; throws with what it says where it refuses. */
  admin(method: string, path: string, body?: unknown): Promise<unknown>
}

/** Starts Keycloak on 127.0.0.1 with a database in memory; `directory` keeps its log. */
export async function startKeycloak(directory: string): Promise<Keycloak> {
  const home = await ensureKeycloak()
  const java = await javaHome()
  const port = await freePort()
  const url = `http://127.0.0.1:${port}`
  const served = await serve({
    name: `Keycloak ${VERSION}`,
    command: join(home, 'bin', 'kc.sh'),
    args: [
      'start',
      '--optimized',
      // Otherwise it looks for others of its kind on the network.
      '--cache=local',
      '--http-enabled=true',
      '--http-host=127.0.0.1',
      `--http-port=${port}`,
      '--hostname-strict=false',
    ],
    cwd: directory,
    env: {
      PATH: process.env['PATH'],
      HOME: directory,
      JAVA_HOME: java,
      JAVA_OPTS_KC_HEAP: '-Xms64m -Xmx512m',
      // What it unpacks is to go with it; and it does not live long enough to be worth compiling twice.
      JAVA_OPTS_APPEND: `-Djava.io.tmpdir=${directory} -XX:-UsePerfData -XX:TieredStopAtLevel=1`,
      KC_BOOTSTRAP_ADMIN_USERNAME: ADMIN.user,
      KC_BOOTSTRAP_ADMIN_PASSWORD: ADMIN.password,
    },
    log: join(directory, 'keycloak.log'),
    ready: async () => (await fetch(`${url}/realms/master/.well-known/openid-configuration`)).ok,
    within: 300_000,
  })
  return { ...served, url, admin: (method, path, body) => admin(url, method, path, body) }
}

/** The unpacked and built server; building takes longer than starting, and is the same for everybody. */
export async function ensureKeycloak(): Promise<string> {
  const name = `keycloak-${VERSION}`
  const directory = await cached(name, async (directory) => {
    const wanted = {
      group: 'org.keycloak',
      artifact: 'keycloak-quarkus-dist',
      version: VERSION,
      extension: 'zip',
    }
    const zip = await download(wanted, directory, { size: '177 MB' })
    await runCommand(`Unpacking Keycloak ${VERSION}`, 'unzip', ['-q', zip, '-d', directory])
    rmSync(zip)
    await runCommand(
      `Building Keycloak ${VERSION} (once)`,
      join(directory, name, 'bin', 'kc.sh'),
      ['build', '--db=dev-mem', `--features=${FEATURES}`],
      {
        env: { ...process.env, JAVA_HOME: await javaHome() },
      },
    )
  })
  return join(directory, name)
}

async function admin(url: string, method: string, path: string, body: unknown): Promise<unknown> {
  const token = await adminToken(url)
  const response = await fetch(`${url}/admin/realms${path}`, {
    method,
    headers: { authorization: `Bearer ${token}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: typeof body === 'string' ? body : JSON.stringify(body) }),
  })
  const text = await response.text()
  if (!response.ok) throw new Error(`${method} ${path}: ${response.status} ${text}`)
  return text === '' ? undefined : JSON.parse(text)
}

async function adminToken(url: string): Promise<string> {
  const response = await fetch(`${url}/realms/master/protocol/openid-connect/token`, {
    method: 'POST',
    body: new URLSearchParams({
      grant_type: 'password',
      client_id: 'admin-cli',
      username: ADMIN.user,
      password: ADMIN.password,
    }),
  })
  const { access_token } = (await response.json()) as { access_token?: string }
  if (access_token === undefined) throw new Error(`Keycloak lets nobody in: ${response.status}`)
  return access_token
}
