import { spawn, spawnSync } from 'node:child_process'
import { once } from 'node:events'
import { chownSync, cpSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { connect, type Socket } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { createInterface } from 'node:readline'
import { freePort } from '../../../scripts/servers/process.ts'
import { ensurePostgres, postgresEnv } from '../../../scripts/servers/postgres.ts'

/**
 * A PostgreSQL that nobody can reach over the network: only who may open its socket, and that is the front. With a
 * certificate it listens on 127.0.0.1 as well, where it speaks TLS alone and asks everybody for a password.
 */
export interface PostgresServer extends AsyncDisposable {
  readonly version: string
  /** Of 127.0.0.1; 0 where it does not listen. */
  readonly port: number
  /** What it has said until now; logins are among it. */
  log(): readonly string[]
  /** Runs statements as its administrator; returns what psql prints. */
  psql(statements: string, database?: string): string
  /** A connection that has not said anything yet. */
  connect(): Promise<Socket>
}

// initdb and postgres refuse root; `nobody` owns nothing else.
const NOBODY = { uid: 65_534, gid: 65_534 }
const DEADLINE = 60_000
const PORT = 5432

export interface PostgresOptions {
  /** Lines before the one that trusts everybody. */
  readonly hba?: readonly string[]
  readonly certificate?: { readonly cert: string; readonly key: string }
}

const PASSWORDS_ONLY = ['hostssl all all 127.0.0.1/32 scram-sha-256', 'host all all all reject']

/** Makes a database cluster in a directory of its own and starts it. */
export async function startPostgres({
  hba = [],
  certificate,
}: PostgresOptions = {}): Promise<PostgresServer> {
  const directory = mkdtempSync(join(tmpdir(), 'pg-'))
  const identity = process.getuid?.() === 0 ? NOBODY : undefined
  if (identity) chownSync(directory, identity.uid, identity.gid)
  const bin = reachable(ensurePostgres(), directory, identity)
  const options = { ...identity, cwd: directory, env: postgresEnv(bin), encoding: 'utf8' } as const
  const data = join(directory, 'data')
  const made = spawnSync(
    join(bin, 'initdb'),
    ['-D', data, '-U', 'admin', '-A', 'trust', '-N', '-E', 'UTF8'],
    options,
  )
  if (made.status !== 0) throw new Error(`initdb failed: ${made.stderr}`)
  const rules = join(data, 'pg_hba.conf')
  const port = certificate ? await freePort() : 0
  writeFileSync(
    rules,
    [...hba, ...(certificate ? PASSWORDS_ONLY : []), readFileSync(rules, 'utf8')].join('\n'),
  )
  if (certificate) placeCertificate(data, certificate, identity)
  const settings = [
    'fsync=off',
    ...(certificate ? ['listen_addresses=127.0.0.1', 'ssl=on'] : ['listen_addresses=']),
    // The socket has its name from it, too.
    `port=${port || PORT}`,
    `unix_socket_directories=${directory}`,
    'log_connections=on',
  ]
  writeFileSync(
    join(data, 'postgresql.auto.conf'),
    settings.map((line) => line.replace(/=(.*)/, " = '$1'")).join('\n'),
  )
  const server = spawn(join(bin, 'postgres'), ['-D', data], {
    ...options,
    stdio: ['ignore', 'ignore', 'pipe'],
  })
  const exit = once(server, 'exit')
  const said: string[] = []
  await new Promise<void>((resolve, reject) => {
    const timer = setTimeout(() => reject(new Error(`postgres did not start:\n${said.join('\n')}`)), DEADLINE)
    server.once('exit', () => reject(new Error(`postgres ended:\n${said.join('\n')}`)))
    createInterface({ input: server.stderr }).on('line', (line) => {
      said.push(line)
      if (!line.includes('ready to accept connections')) return
      clearTimeout(timer)
      resolve()
    })
  })
  const psql = (statements: string, database = 'postgres'): string => {
    const args = [
      '-X',
      '-q',
      '-A',
      '-t',
      '-v',
      'ON_ERROR_STOP=1',
      '-h',
      directory,
      '-p',
      String(port || PORT),
      '-U',
      'admin',
      '-d',
      database,
      '-c',
      statements,
    ]
    const { status, stdout, stderr } = spawnSync(join(bin, 'psql'), args, options)
    if (status !== 0) throw new Error(`psql: ${stderr}`)
    return stdout.trim()
  }
  return {
    version: psql('show server_version'),
    port,
    log: () => [...said],
    psql,
    async connect() {
      const socket = connect(join(directory, `.s.PGSQL.${port || PORT}`))
      await once(socket, 'connect')
      return socket
    },
    async [Symbol.asyncDispose]() {
      // "Immediate": nothing of it is needed any more.
      server.kill('SIGQUIT')
      await exit
      rmSync(directory, { recursive: true, force: true })
    },
  }
}

/** The server wants its key to be its own, and nobody else's to read. */
function placeCertificate(
  data: string,
  { cert, key }: NonNullable<PostgresOptions['certificate']>,
  identity: typeof NOBODY | undefined,
): void {
  for (const [name, content] of [
    ['server.crt', cert],
    ['server.key', key],
  ] as const) {
    writeFileSync(join(data, name), content, { mode: 0o600 })
    if (identity) chownSync(join(data, name), identity.uid, identity.gid)
  }
}

/** Another user may not be able to enter the directory of the work tree. */
function reachable(bin: string, directory: string, identity: typeof NOBODY | undefined): string {
  const works = (path: string): boolean =>
    spawnSync(join(path, 'postgres'), ['--version'], { ...identity, env: postgresEnv(path), cwd: directory })
      .status === 0
  if (works(bin)) return bin
  const root = join(directory, 'programs')
  cpSync(join(dirname(bin), '..', '..', '..', '..'), root, { recursive: true })
  const copy = join(root, bin.slice(bin.indexOf('usr/')))
  if (works(copy)) return copy
  throw new Error(`${bin} cannot be run`)
}
