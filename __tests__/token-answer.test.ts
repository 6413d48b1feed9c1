import { describe, expect, test } from '@jest/globals'
import { DbtOidcError } from '../src/errors.ts'
import { classOf } from '../src/retry.ts'
import { tokenOf } from '../src/token/answer.ts'
import type { Ending, Sight } from '../src/token/watch.ts'

const NOW = new Date('2026-11-30T12:00:00Z')
const AGAIN =
  'Run the job again; see githubstatus.com, and on a runner of your own check firewall and proxy on the way to the host of ACTIONS_ID_TOKEN_REQUEST_URL.'
const PERMISSION =
  'Give the job, and the workflow that calls it if there is one, the permission `id-token: write`.'
const CERTIFICATE =
  'If a proxy opens TLS connections here, set NODE_EXTRA_CA_CERTS to the PEM file of its certificate authority.'

function failure(ending: Ending): DbtOidcError {
  const error = tokenOf(ending, NOW)
  if (error instanceof DbtOidcError) return error
  throw new Error('it was taken for a token')
}

/** Code, sentence, whether it is worth another try (and how many in all), and what to do. */
function told(ending: Ending): readonly unknown[] {
  const error = failure(ending)
  const { transient, tries } = classOf(error)
  return [error.code, error.problem, transient ? (tries ?? true) : false, error.remedy]
}

const answered = (status: number, headers: Sight['headers'] = {}): Ending => ({
  by: 'headers',
  sight: { status, headers },
})
const gaveUp = (sight: Sight): Ending => ({ by: 'error', sight })
const read = (body: string, status = 200): Ending => gaveUp({ status, body: [Buffer.from(body)] })
const endpoint = (what: string): string => `GitHub's endpoint for ID tokens ${what}.`

describe('a value', () => {
  test('is taken where it is text without white space', () => {
    expect(tokenOf({ by: 'value', value: 'a.b.c', sight: {} }, NOW)).toBe('a.b.c')
  })

  test.each([
    [undefined, 'answered with a token that is not text'],
    [7, 'answered with a token that is not text'],
    ...['a b', 'a\n', '\ta', 'a\u0085', 'a\u0000'].map(
      (odd) => [odd, 'answered with a token that holds line breaks, spaces or control characters'] as const,
    ),
  ])('%j is none', (value, what) => {
    expect(told({ by: 'value', value, sight: {} })).toEqual(['id-token-response', endpoint(what), 3, AGAIN])
  })
})

describe('an answer that ended the call', () => {
  test.each<readonly [Ending, string, string, unknown]>([
    [{ by: 'late', sight: {} }, 'id-token-endpoint', 'did not answer in time', true],
    [{ by: 'large', sight: {} }, 'id-token-response', 'sent far more than a token', false],
    [{ by: 'cut', sight: {} }, 'id-token-response', 'answered with something that was cut off', 3],
    [answered(300), 'id-token-endpoint', 'answered with a redirect (300), which is not followed', false],
    [answered(399), 'id-token-endpoint', 'answered with a redirect (399), which is not followed', false],
    [answered(299), 'id-token-endpoint', 'answered with status 299', false],
    [answered(400), 'id-token-endpoint', 'answered with status 400', false],
    [answered(503), 'id-token-endpoint', 'answered with status 503', true],
    [{ by: 'headers', sight: {} }, 'id-token-endpoint', 'answered with status 0', false],
  ])('%j', (ending, code, what, again) => {
    expect(told(ending)).toEqual([code, endpoint(what), again, AGAIN])
  })

  test('says when to come again, and the tries keep to it', () => {
    expect(classOf(failure(answered(429, { 'retry-after': '7' }))).retryAfter).toBe(7000)
    expect(classOf(failure(answered(429))).retryAfter).toBeUndefined()
  })

  test.each([401, 403])('of %d is a want of permission, with the YAML for it', (status) => {
    const ending = status === 401 ? answered(401) : read('{"message":"no"}', 403)
    expect(told(ending)).toEqual([
      'id-token-permission',
      `GitHub's endpoint for ID tokens refused this job (${status}).`,
      false,
      PERMISSION,
    ])
    expect(failure(ending).details).toContain('      id-token: write')
  })
})

describe('a toolkit that gave up', () => {
  test.each(["Can't issue ID_TOKEN for job in 'Pending' state", "Can't issue ID_TOKEN for job in Delayed"])(
    'over a 403 with %j may ask again in a moment',
    (message) => {
      expect(told(read(message, 403))).toEqual([
        'id-token-endpoint',
        endpoint('answered that the job has not started yet (403)'),
        true,
        AGAIN,
      ])
    },
  )

  test.each(["Can't issue ID_TOKEN for job in 'Done' state", ''])(
    'over a 403 with %j has no permission',
    (message) => {
      expect(told(read(message, 403)).slice(0, 3)).toEqual([
        'id-token-permission',
        "GitHub's endpoint for ID tokens refused this job (403).",
        false,
      ])
    },
  )

  test('over a 403 of which nothing was read has no permission', () => {
    expect(failure(gaveUp({ status: 403 })).code).toBe('id-token-permission')
  })

  test.each<readonly [Sight | string, string]>([
    [{ status: 200 }, 'with something that holds no token'],
    [' \n', 'with nothing'],
    [' <html>', 'with a web page (a proxy or a login page stands in between)'],
    ['{}', 'with JSON that holds no token'],
    ['[]', 'with JSON that is no object'],
    ['null', 'with JSON that is no object'],
    ['{"value":"aaa', 'with JSON that is broken or was cut off'],
  ])('over %j says what came instead', (sight, what) => {
    const ending = typeof sight === 'string' ? read(sight) : gaveUp(sight)
    expect(told(ending)).toEqual(['id-token-response', endpoint(`answered ${what}`), 3, AGAIN])
  })

  test('reads what came in pieces as one', () => {
    const body = [Buffer.from('{"a":'), Buffer.from('1}')]
    expect(failure(gaveUp({ status: 200, body })).problem).toBe(
      endpoint('answered with JSON that holds no token'),
    )
  })

  test.each([
    [407, false],
    [503, true],
  ])('at a proxy that answered %d names it', (proxy, again) => {
    expect(told(gaveUp({ proxy }))).toEqual([
      'id-token-endpoint',
      endpoint(`could not be reached: the proxy answered with status ${proxy}`),
      again,
      AGAIN,
    ])
  })

  test('before it asked has no address to ask at', () => {
    expect(told(gaveUp({}))).toEqual([
      'id-token-endpoint',
      "GitHub's toolkit could not even ask for an ID token: ACTIONS_ID_TOKEN_REQUEST_URL is missing or no URL.",
      false,
      PERMISSION,
    ])
  })

  test.each([
    'ECONNREFUSED',
    'ENOTFOUND',
    'EAI_AGAIN',
    'EAI_FAIL',
    'EHOSTUNREACH',
    'ENETUNREACH',
    'EADDRNOTAVAIL',
  ])('over %s could not reach it', (error) => {
    expect(told(gaveUp({ error }))).toEqual([
      'id-token-endpoint',
      endpoint(`could not be reached (${error})`),
      3,
      AGAIN,
    ])
  })

  test.each(['ECONNRESET', 'XENOTFOUND', 'ENOTFOUNDX'])('over %s had a connection that broke', (error) => {
    expect(told(gaveUp({ error }))).toEqual([
      'id-token-endpoint',
      endpoint(`broke the connection (${error})`),
      true,
      AGAIN,
    ])
  })

  test('over a certificate says how to trust it', () => {
    expect(told(gaveUp({ error: 'SELF_SIGNED_CERT_IN_CHAIN' }))).toEqual([
      'id-token-endpoint',
      endpoint('showed a certificate that is not trusted (SELF_SIGNED_CERT_IN_CHAIN)'),
      false,
      CERTIFICATE,
    ])
  })
})
