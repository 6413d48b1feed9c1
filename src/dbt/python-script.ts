import { spawn } from 'node:child_process'
import { text } from 'node:stream/consumers'
import { fail } from '../errors.ts'
import type { Host } from '../host.ts'

/** For a login with all its round trips, in milliseconds. */
const DEADLINE = 60_000

/**
 * Runs a script of ours in the Python that dbt lives in, with JSON in and JSON out: never an argument, never a variable,
 * since the input holds the credential. Throws `exchange` with the last line of a traceback, which is the driver's word.
 */
export async function runPython(
  script: string,
  input: unknown,
  python: string | undefined,
  host: Pick<Host, 'env' | 'temp' | 'writer'>,
): Promise<unknown> {
  if (python === undefined) return unknownPython()
  // -I: neither the checkout nor a PYTHONPATH may put another module in the driver's place.
  const child = spawn(python, ['-I', '-c', script], {
    cwd: host.temp,
    env: { PATH: host.env['PATH'] ?? '', ...certificates(host.env) },
    stdio: ['pipe', 'pipe', 'pipe'],
    timeout: DEADLINE,
  })
  child.stdin.on('error', () => undefined).end(JSON.stringify(input))
  const [out, err, code] = await Promise.all([
    text(child.stdout),
    text(child.stderr),
    new Promise<number | null>((resolve) => child.once('close', resolve).once('error', () => resolve(null))),
  ])
  if (code === 0) return JSON.parse(out) as unknown
  const words = host.writer.scrub(err.trim().split('\n').at(-1) ?? '')
  return fail({
    code: 'exchange',
    problem: `The login was refused: ${words || 'no answer within a minute'}`,
    remedy: 'Compare what the target says with the trust on the other side.',
  })
}

/** A server's certificate is judged here as in dbt's own process. */
function certificates(env: Host['env']): Record<string, string> {
  const names = [
    'SSL_CERT_FILE',
    'SSL_CERT_DIR',
    'REQUESTS_CA_BUNDLE',
    'HTTPS_PROXY',
    'https_proxy',
    'NO_PROXY',
    'no_proxy',
  ]
  return Object.fromEntries(names.flatMap((name) => (env[name] ? [[name, env[name]]] : [])))
}

function unknownPython(): never {
  return fail({
    code: 'configuration',
    problem:
      'The login cannot be tried: it goes through the driver of dbt, and no dbt is known to this step.',
    remedy: 'Give `run`, or leave `preflight` out; dbt 2.x and prepared mode have no Python of their own.',
  })
}
