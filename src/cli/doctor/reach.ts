import { connect } from 'node:net'
import { wantOf, type Target } from '../../config/target.ts'
import type { Line } from '../../doctor/line.ts'
import { DbtOidcError } from '../../errors.ts'
import { createHttp, type Http } from '../../http.ts'
import { toJs } from '../../profile.ts'
import { isLoopbackHost, rehearsalOf, rewrite, type Rehearsal } from '../../rehearsal.ts'
import { codeOf } from '../../retry.ts'

/** Milliseconds for one host. */
const PATIENCE = 10_000

interface Place {
  readonly host: string
  readonly port: number
  readonly why: string
}

/** Whether the hosts of a run can be reached from here; nothing but a greeting is sent to any. */
export async function reachLines(
  targets: readonly Target[],
  issuer: string,
  env: NodeJS.ProcessEnv,
): Promise<readonly Line[]> {
  const rehearsal = rehearsalOf(env['GITHUB_SERVER_URL'] ?? '')
  const http = createHttp({ rehearsal, env })
  const all = [issuerOf(issuer), ...targets.flatMap(placesOf)]
  const places = new Map(all.map((place) => [`${place.host}:${place.port}`, place]))
  return Promise.all([...places.values()].map((place) => lineOf(place, rehearsal, http)))
}

function issuerOf(issuer: string): Place {
  const { hostname, port, protocol } = new URL(issuer)
  return { host: hostname, port: Number(port) || (protocol === 'http:' ? 80 : 443), why: "GitHub's keys" }
}

function placesOf(target: Target): readonly Place[] {
  const { name, via, bound, exchange } = target
  const written = toJs(target.output, target.lookup)['port']
  const port = typeof written === 'number' || /^\d+$/.test(String(written)) ? Number(written) : 443
  return [
    ...(via === 'none' ? [] : exchange.hosts(wantOf(target))).map((host) =>
      split(host, 443, `the exchange of ${name}`),
    ),
    ...bound.hosts().map((host, at) => split(host, at === 0 ? port : 443, `the warehouse of ${name}`)),
  ]
}

/** A host may bring its port along. */
function split(text: string, port: number, why: string): Place {
  const [, host = text, own] = /^(.*):(\d+)$/.exec(text) ?? []
  return { host, port: own === undefined ? port : Number(own), why }
}

async function lineOf(place: Place, rehearsal: Rehearsal | undefined, http: Http): Promise<Line> {
  const text = `${place.host}:${place.port} (${place.why})`
  const failure = place.port === 443 ? await greet(place, rehearsal, http) : await dial(place, rehearsal)
  if (failure === undefined) return { word: 'network', mark: 'ok', text: `${text} answers` }
  return {
    word: 'network',
    mark: 'wrong',
    text: `${text} cannot be reached: ${failure}`,
    remedy:
      'Let the runner through to it: firewall, proxy (HTTPS_PROXY) or, for a private address, a runner in that network.',
  }
}

/** Any answer at all is one, whatever it says. */
async function greet(
  { host }: Place,
  rehearsal: Rehearsal | undefined,
  http: Http,
): Promise<string | undefined> {
  try {
    await http({ url: rewrite(rehearsal, `https://${host}/`), deadline: PATIENCE })
    return undefined
  } catch (error) {
    if (error instanceof DbtOidcError) return error.problem
    throw error
  }
}

function dial({ host, port }: Place, rehearsal: Rehearsal | undefined): Promise<string | undefined> {
  if (rehearsal && !isLoopbackHost(host)) return Promise.resolve('in a rehearsal nothing leaves this machine')
  return new Promise((resolve) => {
    const socket = connect({ host, port, timeout: PATIENCE })
    const end = (failure: string | undefined): void => {
      socket.destroy()
      resolve(failure)
    }
    socket.once('connect', () => end(undefined))
    socket.once('timeout', () => end(`no answer within ${PATIENCE / 1000} s`))
    socket.once('error', (error) => end(codeOf(error) || 'the connection broke'))
  })
}
