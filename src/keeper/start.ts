import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { dirname, join } from 'node:path'
import type { Legacy } from '../access.ts'
import type { Host } from '../host.ts'
import { rememberKeeper, type Remains } from '../remains.ts'
import { sayAll } from '../report/say.ts'
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
}

/** Starts the process that renews the credential until the post step ends it; where that fails, the run goes on with a warning. */
export async function startKeeper(host: Host, legacy: Legacy, around: Around): Promise<void> {
  let child: ChildProcess | undefined
  try {
    child = spawn(process.execPath, [join(dirname(process.argv[1] ?? ''), 'keeper.js')], {
      cwd: host.temp,
      env: Object.fromEntries(Object.entries(host.env).filter(([name]) => PASSED.has(name))),
      stdio: ['pipe', 'ignore', 'ignore'],
      // Neither the end of the step nor a signal to its group ends it.
      detached: true,
      windowsHide: true,
    })
    await once(child, 'spawn')
    // Before it knows anything: from here on the post step ends it.
    rememberKeeper(host, child.pid ?? 0)
    await tell(child, chargeText(chargeOf(host, legacy, around)))
    child.unref()
    sayAll(host, ['the credential is renewed until the post step'])
  } catch {
    child?.kill('SIGKILL')
    host.writer.warning(
      'The process that renews the credential could not be started: later steps go on with the present one until it ends.',
      { title: 'dbt-oidc' },
    )
  }
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
    target: { name, type: target.warehouse.type, connection, via, settings, audience },
    directory: { path: directory.path, marker: directory.marker },
    credential,
    boughtAt,
  }
}

function tell(child: ChildProcess, text: string): Promise<void> {
  return new Promise((resolve, reject) => {
    const { stdin } = child
    if (!stdin) return reject(new Error('no pipe'))
    stdin.once('error', reject)
    // Called when the last byte has left us; a step that ends sooner would leave half of it behind.
    stdin.end(text, () => resolve())
  })
}
