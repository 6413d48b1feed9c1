import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import { addAbortSignal, Readable } from 'node:stream'
import { text } from 'node:stream/consumers'
import type { Legacy } from '../access/surroundings.ts'
import type { Host } from '../host.ts'
import { forgetKeeper, rememberKeeper, type Remains } from '../remains.ts'
import { sayAll } from '../report/say.ts'
import { ANSWER, READY } from './answer.ts'
import { chargeText, type Charge } from './charge.ts'

/** What reaches the keeper by its environment, which others can read: how to get out, where to write, and no secret of the job. */
const PASSED: ReadonlySet<string> = new Set([
  ...'PATH RUNNER_TEMP GITHUB_SERVER_URL GITHUB_WORKSPACE SYSTEMROOT'.split(' '),
  ...'HTTP_PROXY HTTPS_PROXY ALL_PROXY NO_PROXY http_proxy https_proxy all_proxy no_proxy'.split(' '),
  ...'NODE_EXTRA_CA_CERTS NODE_USE_SYSTEM_CA SSL_CERT_FILE SSL_CERT_DIR'.split(' '),
  // By this the runner finds and ends what outlives the job, should the post step not come to it.
  'RUNNER_TRACKING_ID',
])

/** What the keeper is told beside what it renews. */
export interface Around extends Pick<Charge, 'issuer' | 'decided' | 'auditLog'>, Remains {
  readonly grant: string | undefined
  readonly policy: Charge['policy']
}

/** Milliseconds for the keeper to answer: far more than it takes, and little beside a job. */
const ANSWERING = 10_000

/**
 * Starts the process that renews the credential until the post step ends it, and waits for its answer; where there is
 * none, the run goes on with a warning.
 */
export async function startKeeper(host: Host, legacy: Legacy, around: Around): Promise<void> {
  let child: ChildProcess | undefined
  try {
    child = spawn(process.execPath, [join(dirname(process.argv[1] ?? ''), 'keeper.js')], {
      cwd: host.temp,
      env: Object.fromEntries(Object.entries(host.env).filter(([name]) => PASSED.has(name))),
      stdio: ['pipe', 'ignore', 'ignore', 'pipe'],
      // Neither the end of the step nor a signal to its group ends it.
      detached: true,
      windowsHide: true,
    })
    await once(child, 'spawn')
    // Before it knows anything: from here on the post step ends it.
    rememberKeeper(host, child.pid ?? 0)
    // Where it cannot be told everything there is no answer either.
    child.stdin?.on('error', () => undefined).end(chargeText(chargeOf(host, legacy, around)))
    await answered(child, AbortSignal.any([host.signal, AbortSignal.timeout(ANSWERING)]))
    child.unref()
    sayAll(host, ['the credential is renewed until the post step'])
  } catch {
    child?.kill('SIGKILL')
    forgetKeeper(host)
    // A step that is cancelled has prepared nothing.
    host.signal.throwIfAborted()
    host.writer.warning(
      `The process that renews the credential ${failureOf(child)}: later steps go on with the present one until it ends.`,
      { title: 'dbt-oidc' },
    )
  }
}

/** Resolves when the keeper says that it has understood; rejects where it ends or is silent. */
async function answered(child: ChildProcess, patience: AbortSignal): Promise<void> {
  const pipe = child.stdio[ANSWER]
  if (!(pipe instanceof Readable)) throw new Error('no pipe')
  if ((await text(addAbortSignal(patience, pipe))) === READY) return
  if (child.exitCode === null) await once(child, 'exit', { signal: patience })
  throw new Error('no answer')
}

function failureOf(child: ChildProcess | undefined): string {
  if (child?.pid === undefined) return 'could not be started'
  if (child.exitCode !== null) return `ended at once with exit code ${child.exitCode}`
  return 'did not answer'
}

function chargeOf({ env }: Host, legacy: Legacy, around: Around): Charge {
  const { target, connection, credential, boughtAt } = legacy
  const { directory, ...rest } = around
  const { name, via, settings, audience } = target
  return {
    ...rest,
    request: {
      url: env['ACTIONS_ID_TOKEN_REQUEST_URL'] ?? '',
      token: env['ACTIONS_ID_TOKEN_REQUEST_TOKEN'] ?? '',
    },
    variables: Object.fromEntries(
      target.exchange.variables.flatMap((one) => {
        const value = env[one]
        return value === undefined ? [] : [[one, value]]
      }),
    ),
    target: { name, type: target.warehouse.type, connection, via, settings, audience },
    directory: { path: directory.path, marker: directory.marker },
    credential,
    boughtAt,
  }
}
