import { mkdirSync, readdirSync, rmSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { cached } from './cache.ts'
import { runCommand } from './command.ts'
import { javaHome } from './java.ts'
import { download } from './maven.ts'
import { freePort, serve, type Served } from './process.ts'

const VERSION = '476'

/** Tables in memory are all that a project needs. */
const PLUGINS = ['memory']

/** A Trino with one catalog, `memory`. */
export interface Trino extends Served {
  /** Of `https://localhost`, the only way in that is meant for clients. */
  readonly port: number
}

export interface TrinoOptions {
  /** Where it lives: its configuration in `etc`, its data and its log. */
  readonly directory: string
  /** Certificate and key in PEM, for `localhost`. */
  readonly tls: { readonly cert: string; readonly key: string }
  /** Lines of config.properties that say who gets in. */
  readonly authentication: string
  /** Further files by their path below `directory`. */
  readonly files: Readonly<Record<string, string>>
}

/** Starts Trino; whoever wants in over TLS meets `authentication`. */
export async function startTrino(options: TrinoOptions): Promise<Trino> {
  const [home, java] = [await ensureTrino(), await javaHome()]
  const [port, internal] = [await freePort(), await freePort()]
  const { directory } = options
  for (const [name, content] of Object.entries({
    ...configuration(options, port, internal),
    ...options.files,
  })) {
    mkdirSync(dirname(join(directory, name)), { recursive: true })
    writeFileSync(join(directory, name), content)
  }
  const served = await serve({
    name: `Trino ${VERSION}`,
    command: join(home, 'bin', 'launcher'),
    args: ['run', '--etc-dir', join(directory, 'etc')],
    cwd: directory,
    env: { PATH: `${join(java, 'bin')}:${process.env['PATH']}`, HOME: directory, JAVA_HOME: java },
    log: join(directory, 'trino.log'),
    ready: () => isUp(`http://127.0.0.1:${internal}/v1/info`),
    within: 300_000,
  })
  return { ...served, port }
}

async function isUp(url: string): Promise<boolean> {
  const { starting } = (await (await fetch(url)).json()) as { starting?: boolean }
  return starting === false
}

function configuration(
  { directory, tls, authentication }: TrinoOptions,
  port: number,
  internal: number,
): Readonly<Record<string, string>> {
  return {
    'server.pem': tls.key + tls.cert,
    // The internal port cannot be switched off: with TLS alone the server does not find itself.
    'etc/config.properties': `coordinator=true
node-scheduler.include-coordinator=true
catalog.management=static
http-server.http.enabled=true
http-server.http.port=${internal}
http-server.https.enabled=true
http-server.https.port=${port}
http-server.https.keystore.path=${join(directory, 'server.pem')}
discovery.uri=http://localhost:${internal}
internal-communication.shared-secret=secret-of-a-test-secret-of-a-test
query.max-memory=200MB
query.max-memory-per-node=200MB
memory.heap-headroom-per-node=200MB
${authentication}`,
    // The usual --add-modules=jdk.incubator.vector is left out: the Java of PyPI has no such module.
    'etc/jvm.config': `-server\n-Xmx900M\n-XX:+UseSerialGC\n-XX:TieredStopAtLevel=1\n-XX:-UsePerfData\n-Djava.io.tmpdir=${directory}\n-Djdk.attach.allowAttachSelf=true\n`,
    'etc/node.properties': `node.environment=test\nnode.id=n1\nnode.bind-ip=127.0.0.1\nnode.internal-address=localhost\nnode.data-dir=${directory}\n`,
    'etc/catalog/memory.properties': 'connector.name=memory\n',
  }
}

/** The server without the plugins of everybody else, a seventh of its size. */
export async function ensureTrino(): Promise<string> {
  const name = `trino-server-${VERSION}`
  const directory = await cached(name, async (made) => {
    const wanted = { group: 'io.trino', artifact: 'trino-server', version: VERSION, extension: 'tar.gz' }
    const archive = await download(wanted, made, { size: '821 MB' })
    await runCommand(`Unpacking Trino ${VERSION}`, 'tar', ['-xzf', archive, '-C', made])
    rmSync(archive)
    const plugins = join(made, name, 'plugin')
    for (const plugin of readdirSync(plugins).filter((one) => !PLUGINS.includes(one)))
      rmSync(join(plugins, plugin), { recursive: true })
    rmSync(join(made, name, 'secrets-plugin'), { recursive: true, force: true })
    mkdirSync(join(made, name, 'secrets-plugin'))
  })
  return join(directory, name)
}
