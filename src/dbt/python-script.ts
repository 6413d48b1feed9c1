import { spawn } from 'node:child_process'
import { fail } from '../errors.ts'
import type { Host } from '../host.ts'
import { tail } from './tail.ts'

/** The largest answer of a script, in characters. */
const LIMIT = 65_536

/**
 * Runs a script of ours in the Python that dbt lives in, with JSON in and JSON out: never an argument, never a variable,
 * since the input holds the credential. Throws `exchange` with the last line of a traceback, which is the driver's word,
 * and the reason of the signal where that ends it.
 */
export async function runPython(
  script: string,
  input: unknown,
  python: string | undefined,
  host: Pick<Host, 'env' | 'temp' | 'writer' | 'signal'>,
): Promise<unknown> {
  if (python === undefined) return unknownPython()
  const { out, err, code } = await ended(script, input, python, host)
  const answer = code === 0 && out.length <= LIMIT ? parsed(out) : undefined
  if (answer !== undefined) return answer
  const words = host.writer.scrub((err.trim() || out.slice(0, LIMIT).trim()).split('\n').at(-1) ?? '')
  return fail({
    code: 'exchange',
    problem:
      code === 0
        ? `The driver gave no answer that could be read: ${words || 'it printed nothing'}`
        : `The login was refused: ${words || 'the driver said nothing'}`,
    remedy: 'Compare what the target says with the trust on the other side.',
  })
}

interface Ended {
  readonly out: string
  readonly err: string
  readonly code: number | null
}

async function ended(
  script: string,
  input: unknown,
  python: string,
  { env, temp, signal }: Pick<Host, 'env' | 'temp' | 'signal'>,
): Promise<Ended> {
  // -I: neither the checkout nor a PYTHONPATH may put another module in the driver's place.
  const child = spawn(python, ['-I', '-c', script], {
    cwd: temp,
    env: { PATH: env['PATH'] ?? '', ...certificates(env) },
    stdio: ['pipe', 'pipe', 'pipe'],
    signal,
    // A driver that waits for the network hears nothing else.
    killSignal: 'SIGKILL',
  })
  child.stdin.on('error', () => undefined).end(JSON.stringify(input))
  let out = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    out += text
    if (out.length > LIMIT) child.kill('SIGKILL')
  })
  const err = tail()
  child.stderr.on('data', err.add)
  const code = await new Promise<number | null>((resolve) =>
    child.once('close', resolve).once('error', () => resolve(null)),
  )
  signal.throwIfAborted()
  return { out, err: err.text(), code }
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text)
  } catch {
    return undefined
  }
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
