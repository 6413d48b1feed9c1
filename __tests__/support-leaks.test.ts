import { createHash, createHmac } from 'node:crypto'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, test } from '@jest/globals'
import { installDbtStub } from './support/dbt-stub.ts'
import { writeAction } from './support/fixture-action.ts'
import { placesOf, scanForLeaks, type Leak } from './support/leaks.ts'
import { runStep } from './support/step.ts'

const scratch = mkdtempSync(join(tmpdir(), 'support-'))
afterAll(() => rmSync(scratch, { recursive: true, force: true }))

const signature = createHmac('sha256', 'k').update('x').digest('base64url')
const jwt = `eyJhbGciOiJSUzI1NiJ9.eyJzdWIiOiJyZXBvOm8vciJ9.${signature}`
const password = 'Aa~?>"é/+\u{1f511} z!=%&x'
const pem = '-----BEGIN KEY-----\nMIIEvQIBADANBgkq\nAgEAAoIBAQC7VJTU\n-----END KEY-----\n'
const secrets = { jwt, password, pem }
const base64 = (text: string): string => Buffer.from(text).toString('base64')

// Written out by other means than the scan's own.
const shown: readonly (readonly [secret: keyof typeof secrets, form: string, text: string])[] = [
  ['jwt', 'raw', jwt],
  ['password', 'raw', password],
  ['pem', 'raw', pem],
  ['pem', 'line', 'MIIEvQIBADANBgkq'],
  ['jwt', 'base64+0', base64(`abc${jwt}\n`)],
  ['jwt', 'base64+1', base64(`ab${jwt}`)],
  ['jwt', 'base64+2', base64(`user${jwt}\n\n`)],
  ['password', 'base64url+0', base64(password).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '')],
  ['jwt', 'hex', [...Buffer.from(jwt)].map((byte) => byte.toString(16).padStart(2, '0')).join('')],
  [
    'jwt',
    'HEX',
    [...Buffer.from(jwt)].map((byte) => byte.toString(16).padStart(2, '0').toUpperCase()).join(''),
  ],
  ['password', 'url', 'Aa~%3F%3E%22%C3%A9%2F%2B%F0%9F%94%91%20z!%3D%25%26x'],
  ['password', 'url-strict', 'Aa~%3F%3E%22%C3%A9%2F%2B%F0%9F%94%91%20z%21%3D%25%26x'],
  ['password', 'url-lower', 'Aa~%3f%3e%22%c3%a9%2f%2b%f0%9f%94%91%20z!%3d%25%26x'],
  ['password', 'url-form', 'Aa%7E%3F%3E%22%C3%A9%2F%2B%F0%9F%94%91+z%21%3D%25%26x'],
  ['password', 'json', String.raw`{"a":"Aa~?>\"é/+🔑 z!=%&x"}`],
  ['password', 'json-ascii', String.raw`{"a": "Aa~?>\"\u00e9/+\ud83d\udd11 z!=%&x"}`],
  ['jwt', 'jwt-header', 'eyJhbGciOiJSUzI1NiJ9'],
  ['jwt', 'jwt-payload', 'x.eyJzdWIiOiJyZXBvOm8vciJ9'],
  ['jwt', 'jwt-signature', `...${signature}`],
]

interface Place {
  readonly name: string
  /** What the action does with the text, which stands in `secret`. */
  readonly script: string
  readonly found: readonly string[]
}

const places: readonly Place[] = [
  { name: 'the log', script: `console.log(secret)`, found: ['full log', 'log'] },
  { name: 'stderr', script: `console.error(secret)`, found: ['full log', 'stderr'] },
  { name: 'the summary', script: `put('STEP_SUMMARY', secret)`, found: ['summary'] },
  { name: 'the workspace', script: `write('a.txt')`, found: ['workspace/a.txt'] },
  { name: 'target/', script: `write('target/manifest.json')`, found: ['workspace/target/manifest.json'] },
  { name: 'logs/', script: `write('logs/dbt.log')`, found: ['workspace/logs/dbt.log'] },
  { name: 'an argument', script: `dbt(['run', secret], {})`, found: ['argv'] },
  { name: 'GITHUB_ENV', script: `put('ENV', 'A<<E-E\\n' + secret + '\\nE-E\\n')`, found: ['GITHUB_ENV'] },
  {
    name: 'GITHUB_OUTPUT',
    script: `put('OUTPUT', 'A<<E-E\\n' + secret + '\\nE-E\\n')`,
    found: ['GITHUB_OUTPUT'],
  },
  {
    name: 'GITHUB_STATE',
    script: `put('STATE', 'A<<E-E\\n' + secret + '\\nE-E\\n')`,
    found: ['GITHUB_STATE'],
  },
  {
    name: "dbt's environment",
    script: `dbt([], { DBT_ENV_SECRET_OTHER: secret })`,
    found: ['dbt env DBT_ENV_SECRET_OTHER'],
  },
  { name: 'its place', script: `dbt([], { DBT_ENV_SECRET_DBT_OIDC_TOKEN: secret })`, found: [] },
]

// The text reaches the action by a file outside all places, since its own environment is none of them.
const prelude = `const secret = fs.readFileSync(env.TEXT, 'utf8')
const write = (path) => { fs.mkdirSync(require('node:path').dirname(path), { recursive: true }); fs.writeFileSync(path, secret) }
const dbt = (args, more) => cp.execFileSync('dbt', args, { env: { PATH: env.PATH, ...more } })
`

// Parts are reported where the whole is not seen, so the two never share a step.
const isWhole = ([secret, form]: (typeof shown)[number]): boolean => secret !== 'password' && form === 'raw'
const batches = [shown.filter(isWhole), shown.filter((row) => !isWhole(row))]

let folders = 0
async function leak({ script }: Place, texts: readonly string[]): Promise<Leak[]> {
  folders += 1
  const folder = join(scratch, String(folders))
  const stub = await installDbtStub(join(folder, 'venv'))
  const dist = writeAction(join(folder, 'action'), prelude + script)
  const text = join(folder, 'text')
  writeFileSync(text, texts.join('\n'))
  await using step = await runStep({ dist, path: [stub.bin], env: { TEXT: text } })
  expect(step.stderr === '' || script.includes('console.error')).toBe(true)
  return scanForLeaks(secrets, placesOf([step], stub.runs()))
}

describe.each(places)('a leak into $name', (place) => {
  const leaks: Leak[] = []
  beforeAll(async () => {
    for (const batch of batches)
      leaks.push(
        ...(await leak(
          place,
          batch.map(([, , text]) => text),
        )),
      )
  })

  test.each(shown)('of %s as %s is found there and nowhere else', (secret, form) => {
    const found = leaks.filter((leak) => leak.secret === secret && leak.form === form)
    expect(found.map((leak) => leak.place).toSorted()).toEqual(place.found)
  })
})

describe('the scan', () => {
  test.each(shown)('tells %s as %s by its form', (secret, form, text) => {
    const places = { texts: { a: `before ${text} after`, b: 'nothing' } }
    expect(scanForLeaks(secrets, places)).toEqual([{ secret, form, place: 'a' }])
  })

  test.each([
    'ey',
    jwt.slice(0, 15),
    jwt.slice(30, -10),
    password.slice(1),
    '-----BEGIN KEY-----',
    createHash('sha256').update(jwt).digest('hex'),
  ])('takes no offence at %j', (text) => {
    expect(scanForLeaks(secrets, { texts: { a: text } })).toEqual([])
  })

  test('reads bytes that are no text, names of files, and names of places', () => {
    const folder = join(scratch, 'bytes')
    const bytes = Buffer.concat([Buffer.from([0, 255, 254]), Buffer.from(jwt), Buffer.from([200])])
    mkdirSync(join(folder, 'deep'), { recursive: true })
    writeFileSync(join(folder, 'deep', 'msgpack'), bytes)
    writeFileSync(join(folder, jwt.split('.')[0] ?? ''), '')
    expect(scanForLeaks({ jwt }, { directories: { target: folder } })).toEqual([
      { secret: 'jwt', form: 'raw', place: 'target/deep/msgpack' },
      { secret: 'jwt', form: 'jwt-header', place: 'target/eyJhbGciOiJSUzI1NiJ9' },
    ])
  })

  test('refuses to look for nothing', () => {
    expect(() => scanForLeaks({ empty: '' }, {})).toThrow('an empty secret')
  })
})
