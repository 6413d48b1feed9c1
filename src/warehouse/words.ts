import type { KeepAlive } from './acceptance.ts'

/** What dbt gets, in words. */
export const CARRIED = {
  'id-token': "GitHub's ID token",
  bearer: 'an access token',
  aws: 'role credentials',
  password: 'a short-lived password',
  'key-pair': 'a key pair',
  none: 'no credential',
} as const

const STAYS = 'stays as it was; a warning comes before its end'
/** What becomes of it while dbt 1.x runs, and while dbt 2.x does, in words. */
export const MEANWHILE: Readonly<Record<KeepAlive['by'], readonly [string, string]>> = {
  static: [STAYS, STAYS],
  'token-url': ['the driver asks us for a token whenever it needs one', STAYS],
  'aws-container': [
    'the driver asks us for keys whenever they end',
    'a private file is renewed, where its driver reads it',
  ],
  'token-endpoint': [
    'the driver asks us for a token at each connection (in run mode; else refused)',
    'refused: nobody has seen its driver ask',
  ],
  file: [
    'a private file is renewed; the driver reads it at each connection',
    'the same file, where its driver reads it',
  ],
  'plugin-field': ['a private file is renewed; our dbt plugin reads it at each connection', STAYS],
  'login-proxy': ['a loopback proxy puts a fresh token into each login', 'the same proxy'],
}
