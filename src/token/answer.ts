import { DbtOidcError, type Failure } from '../errors.ts'
import { attemptFailed, type Class, isCertificateFault, isTransient, retryAfterOf } from '../retry.ts'
import { explainPermission } from './absent.ts'
import { isObject } from './json.ts'
import type { Ending, Sight } from './watch.ts'

/** The text of the token, or the error that says what came instead and whether another try is worth it. */
export function tokenOf(ending: Ending, now: Date): string | DbtOidcError {
  switch (ending.by) {
    case 'value':
      return checkValue(ending.value)
    case 'late':
      return endpoint('did not answer in time', { transient: true })
    case 'large':
      return endpoint('sent far more than a token', { transient: false }, 'id-token-response')
    case 'cut':
      return response('with something that was cut off')
    case 'headers':
      return status(ending.sight, now)
    case 'error':
      return failed(ending.sight)
  }
}

function checkValue(value: unknown): string | DbtOidcError {
  if (typeof value !== 'string') return response('with a token that is not text')
  // The toolkit's value goes into headers, files and log lines; a token has no white space.
  if (/[\s\p{Cc}]/u.test(value))
    return response('with a token that holds line breaks, spaces or control characters')
  return value
}

function status({ status = 0, headers = {} }: Sight, now: Date): DbtOidcError {
  if (status === 401) return denied(status)
  if (status >= 300 && status < 400) {
    return endpoint(`answered with a redirect (${status}), which is not followed`, { transient: false })
  }
  const retryAfter = retryAfterOf(headers['retry-after'], now)
  return endpoint(`answered with status ${status}`, { transient: isTransient(status), retryAfter })
}

/** The toolkit gave up: by an answer that it read, or by a connection that failed. */
function failed(sight: Sight): DbtOidcError {
  const body = sight.body && Buffer.concat(sight.body).toString('utf8')
  if (sight.status === 403) return forbidden(body ?? '')
  if (sight.status !== undefined) return response(describe(body))
  if (sight.proxy !== undefined) {
    return endpoint(`could not be reached: the proxy answered with status ${sight.proxy}`, {
      transient: isTransient(sight.proxy),
    })
  }
  if (sight.error === undefined) {
    const failure = {
      code: 'id-token-endpoint',
      problem:
        "GitHub's toolkit could not even ask for an ID token: ACTIONS_ID_TOKEN_REQUEST_URL is missing or no URL.",
      remedy: permission,
    } as const
    return attemptFailed(failure, { transient: false })
  }
  return connection(sight.error)
}

function connection(code: string): DbtOidcError {
  if (isCertificateFault(code)) {
    const remedy =
      'If a proxy opens TLS connections here, set NODE_EXTRA_CA_CERTS to the PEM file of its certificate authority.'
    return endpoint(
      `showed a certificate that is not trusted (${code})`,
      { transient: false },
      'id-token-endpoint',
      remedy,
    )
  }
  const absent = /^(ECONNREFUSED|ENOTFOUND|EAI_AGAIN|EAI_FAIL|EHOSTUNREACH|ENETUNREACH|EADDRNOTAVAIL)$/.test(
    code,
  )
  if (!absent) return endpoint(`broke the connection (${code})`, { transient: true })
  return endpoint(`could not be reached (${code})`, { transient: true, tries: 3 })
}

function forbidden(body: string): DbtOidcError {
  // GitHub says so for a moment after a job has started; any other 403 is for good.
  if (!/Can't issue ID_TOKEN for job in '?(Pending|Delayed)/i.test(body)) return denied(403)
  return endpoint('answered that the job has not started yet (403)', { transient: true })
}

function denied(status: number): DbtOidcError {
  const { details = [] } = explainPermission()
  const problem = `GitHub's endpoint for ID tokens refused this job (${status}).`
  return attemptFailed(
    { code: 'id-token-permission', problem, remedy: permission, details },
    { transient: false },
  )
}

function describe(body: string | undefined): string {
  if (body === undefined) return 'with something that holds no token'
  const text = body.trim()
  if (text === '') return 'with nothing'
  if (text.startsWith('<')) return 'with a web page (a proxy or a login page stands in between)'
  try {
    const value: unknown = JSON.parse(text)
    return isObject(value) ? 'with JSON that holds no token' : 'with JSON that is no object'
  } catch {
    return 'with JSON that is broken or was cut off'
  }
}

/** What came was no token: once may be an accident on the way, three times is not. */
function response(what: string): DbtOidcError {
  return endpoint(`answered ${what}`, { transient: true, tries: 3 }, 'id-token-response')
}

function endpoint(
  what: string,
  kind: Class,
  code: Failure['code'] = 'id-token-endpoint',
  remedy = again,
): DbtOidcError {
  return attemptFailed({ code, problem: `GitHub's endpoint for ID tokens ${what}.`, remedy }, kind)
}

const permission =
  'Give the job, and the workflow that calls it if there is one, the permission `id-token: write`.'
const again =
  'Run the job again; see githubstatus.com, and on a runner of your own check firewall and proxy on the way to the host of ACTIONS_ID_TOKEN_REQUEST_URL.'
