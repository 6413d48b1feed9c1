import { describe, expect, test } from '@jest/globals'
import { execFileSync } from 'node:child_process'
import { generateKeyPairSync } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { code, text } from '../src/report/markdown.ts'
import { changedLeakCases } from './hostile/changed-leaks.ts'
import { leakCases } from './hostile/leaks.ts'
import type { Behaviour } from './support/dbt-stub.ts'
import { startIssuer } from './support/issuer.ts'
import { openLeaseJob, type LeaseJob } from './support/lease-job.ts'
import { placesOf, scanForLeaks, type Places } from './support/leaks.ts'
import { logOf, PROJECT, QUIET, remainsOf, shopStep, snowflakeAt } from './support/process.ts'
import { dbtPython } from './support/python.ts'
import { OWN_NAME, variableOf } from './support/secret-names.ts'
import type { StepOptions, StepResult } from './support/step.ts'

const KNOWN = 'kn0wn+secret/with=signs&more~'

interface Ran {
  readonly job: LeaseJob
  readonly step: StepResult
  readonly post: StepResult
  readonly places: Places
}

/** Runs a job with a credential on loan to its end, post step included, and lets a test look at it. */
async function afterRun(
  behaviour: Behaviour,
  look: (ran: Ran) => unknown,
  options: StepOptions & { readonly password?: string } = {},
): Promise<void> {
  await using job = await openLeaseJob(behaviour)
  if (options.password !== undefined) job.lender.lend(options.password)
  await using step = await job.step(options)
  const post = await step.post()
  await look({ job, step, post, places: placesOf([step, post], job.dbt.runs()) })
}

const leaksOf = ({ job, places }: Ran): string[] =>
  scanForLeaks(job.secrets(), places).map(({ secret, form, place }) => `${secret} as ${form} in ${place}`)

/** What is printed of a known password, written in some way, by dbt: between the words FROM and TO. */
async function printed(text: string, password = KNOWN): Promise<string> {
  let shown = ''
  await afterRun(
    { stdout: `FROM ${text} TO\n` },
    ({ step }) => void (shown = /FROM ([^]*) TO/.exec(step.log.text)?.[1] ?? ''),
    { password },
  )
  return shown
}

/** Runs real dbt on a project with one model. */
async function realDbt(
  model: string,
  options: StepOptions,
  look: (step: StepResult, secrets: Record<string, string>) => unknown,
): Promise<void> {
  await using issuer = await startIssuer()
  const files = { ...PROJECT, 'models/orders.sql': model }
  const env = { ...QUIET, ...options.env }
  await using step = await shopStep(issuer, dirname(dbtPython()), { ...options, files, env })
  const tokens = issuer.minted.map((token, at) => [`token ${at + 1}`, token])
  await look(step, { ...Object.fromEntries(tokens), 'request token': issuer.requestToken })
}

const snowflake = { run: 'parse', connection: snowflakeAt(9) }

/** Each case, done. */
const proofs: Readonly<Record<string, () => Promise<void>>> = {
  'secret-leak-01': () =>
    afterRun({ leak: ['stdout', 'stderr'] }, ({ job, step }) => {
      expect(step.fullLog.text.split(`${variableOf('PASSWORD', job.dbt.runs()[0]?.env)}=***`)).toHaveLength(3)
      // Our own scrubber had it before the runner's masks: no byte of it left the step but in a mask.
      const lines = step.stdout.split('\n').filter((line) => !line.startsWith('::add-mask::'))
      const texts = { stdout: lines.join('\n'), stderr: step.stderr }
      expect(scanForLeaks(job.secrets(), { texts })).toEqual([])
    }),

  async 'secret-leak-02'() {
    for (const before of ['', 'u', 'us', 'user:']) {
      const text = Buffer.from(`${before}${KNOWN}`).toString('base64')
      const shown = await printed(text)
      expect(shown).toContain('***')
      expect(scanForLeaks({ password: KNOWN }, { texts: { shown } })).toEqual([])
    }
  },

  async 'secret-leak-04'() {
    const hex = Buffer.from(KNOWN).toString('hex')
    const lower = encodeURIComponent(KNOWN).replaceAll(/%../g, (code) => code.toLowerCase())
    for (const text of [hex, hex.toUpperCase(), Buffer.from(KNOWN).toString('base64url'), lower])
      expect((await printed(text)).replaceAll('*', '').length).toBeLessThan(4)
    const jwt = ['eyJhbGciOiJSUzI1NiJ9', 'eyJzdWIiOiJzb21lYm9keSJ9', 'c2lnbmF0dXJlLXNpZ25hdHVyZQ']
    expect(await printed(jwt.slice(0, 2).join('.'), jwt.join('.'))).toBe('***.***')
    const security = readFileSync(join(import.meta.dirname, '..', 'SECURITY.md'), 'utf8')
    expect(security).toContain(
      'What stays uncovered: a secret printed reversed, split over lines, or only in part.',
    )
  },

  async 'secret-leak-05'() {
    const pem = generateKeyPairSync('rsa', { modulusLength: 2048 })
      .privateKey.export({ type: 'pkcs8', format: 'pem' })
      .toString()
    const lines = pem.trim().split('\n').slice(1, -1)
    const text = `FROM ${lines[0] ?? ''} ${lines.at(-1) ?? ''} ab12 TO`
    await afterRun(
      { stdout: `${text}\n` },
      ({ step }) => {
        expect(step.log.text).toMatch(/FROM \*{3} \*{3} /)
        expect(step.stdout).toContain('FROM *** *** ab12 TO')
        expect(step.stdout).not.toContain('::add-mask::ab12')
      },
      { password: `${pem}ab12\n` },
    )
  },

  'secret-leak-07': () =>
    afterRun({ leak: ['stdout'] }, ({ job, step }) => {
      const secrets = [...job.issuer.minted, ...job.lender.leases.map(({ password }) => password)]
      expect(secrets).toHaveLength(2)
      for (const secret of secrets) {
        const at = step.stdout.indexOf(secret)
        expect(step.stdout.slice(0, at)).toMatch(/(^|\n)::add-mask::$/)
      }
    }),

  async 'secret-leak-09'() {
    await using job = await openLeaseJob()
    job.lender.always('/lease', (res, { token }) => {
      res.writeHead(400).end(`${'x'.repeat(300)} assertion=${String(token)} ${'y'.repeat(5000)}`)
    })
    await using step = await job.step()
    expect([step.exitCode, scanForLeaks(job.secrets(), placesOf([step]))]).toEqual([1, []])
    const [told = ''] = logOf(step)
      .split('\n')
      .filter((line) => line.includes('assertion='))
    expect(told).toContain('assertion=***')
    expect(told.length).toBeLessThanOrEqual(520)
  },

  'secret-leak-11': () =>
    realDbt('select \'{{ env_var("ACTIONS_ID_TOKEN_REQUEST_TOKEN") }}\' as x', {}, (step, secrets) => {
      expect(step.exitCode).toBe(1)
      expect(logOf(step)).toContain("Env var required but not provided: 'ACTIONS_ID_TOKEN_REQUEST_TOKEN'")
      expect(scanForLeaks(secrets, placesOf([step]))).toEqual([])
    }),

  'secret-leak-12': () => {
    const env = {
      GITHUB_TOKEN: 'ghs_of-the-job',
      ACTIONS_RUNTIME_TOKEN: 'runtime-token-of-the-job',
      AWS_SECRET_ACCESS_KEY: 'aws-key-of-the-job',
      AWS_SESSION_TOKEN: 'aws-session-of-the-job',
    }
    return afterRun(
      {},
      ({ job }) => {
        const [run] = job.dbt.runs()
        const names = Object.keys(run?.env ?? {})
        expect(names.filter((name) => /^(ACTIONS_|INPUT_|GITHUB_TOKEN)/.test(name))).toEqual([])
        expect(scanForLeaks(env, { texts: { env: JSON.stringify(run?.env) } })).toEqual([])
      },
      { env },
    )
  },

  'secret-leak-13': () =>
    realDbt('select 1 as id', { inputs: snowflake }, (step, secrets) => {
      expect([step.exitCode, Object.keys(secrets).length]).toEqual([0, 2])
      const written = step.leftBehind().map(({ path }) => path)
      expect(written).toEqual(
        expect.arrayContaining(['workspace/target/manifest.json', 'workspace/logs/dbt.log']),
      )
      expect(scanForLeaks(secrets, placesOf([step]))).toEqual([])
    }),

  'secret-leak-14': () =>
    realDbt(
      'select \'{{ env_var("DBT_ENV_SECRET_X") }}\' as x',
      { env: { DBT_ENV_SECRET_X: 'somebodys-own-secret' } },
      (step) => {
        expect(step.exitCode).toBe(1)
        expect(logOf(step)).toContain('Secret env vars are allowed only in profiles.yml or packages.yml')
        expect(scanForLeaks({ own: 'somebodys-own-secret' }, placesOf([step]))).toEqual([])
      },
    ),

  'secret-leak-15': () =>
    realDbt('{{ log(target, info=True) }} select 1 as id', { inputs: snowflake }, (step, secrets) => {
      expect(step.exitCode).toBe(0)
      expect(logOf(step)).toContain("'role': 'TRANSFORMER'")
      expect(scanForLeaks(secrets, placesOf([step]))).toEqual([])
    }),

  'secret-leak-16': async () => {
    await using job = await openLeaseJob()
    await using step = await job.step({ inputs: { run: '' } })
    const profiles = step.leftBehind().filter(({ path }) => path.endsWith('profiles.yml'))
    expect(profiles.map(({ path, mode }) => [path.split('/')[0], mode])).toEqual([['temp', '600']])
    expect(scanForLeaks(job.secrets(), { directories: { workspace: step.paths.workspace } })).toEqual([])
    await step.post()
    expect(remainsOf(step)).toEqual([])
  },

  'secret-leak-17': async () => {
    const own = String(process.pid)
    const limit = (): string =>
      execFileSync('prlimit', ['--pid', own, '--core', '--noheadings', '-o', 'SOFT']).toString().trim()
    const before = limit()
    execFileSync('prlimit', ['--pid', own, '--core=unlimited:'])
    try {
      expect(limit()).toBe('unlimited')
      await afterRun({ signal: 'SIGSEGV' }, ({ job, step }) => {
        expect([job.dbt.runs()[0]?.coreLimit, step.exitCode]).toEqual([0, 1])
        const cores = step.leftBehind().filter(({ path }) => /(^|\/)core(\.|$)/.test(path))
        expect(cores).toEqual([])
      })
    } finally {
      execFileSync('prlimit', ['--pid', own, `--core=${before}:`])
    }
  },

  'secret-leak-18': () =>
    afterRun({}, ({ job }) => {
      const [run] = job.dbt.runs()
      const [lease] = job.lender.leases
      const holding = Object.entries(run?.env ?? {}).filter(([, value]) => value === lease?.password)
      expect(holding.map(([name]) => name)).toEqual([expect.stringMatching(OWN_NAME)])
      const security = readFileSync(join(import.meta.dirname, '..', 'SECURITY.md'), 'utf8')
      expect(security).toContain('can read `/proc/<pid>/environ`')
      expect(security).toContain('Secrets in the environment of dbt')
    }),
}

/** A profiles.yml as a pull request may bring it along, with an expression where the query's tag belongs. */
const profilesWith = (expression: string): string =>
  [
    'shop:',
    '  target: prod',
    '  outputs:',
    `    prod: ${snowflakeAt(9).replace(/ }$/, `, query_tag: '${expression.replaceAll("'", "''")}' }`)}`,
    '',
  ].join('\n')

describe('a profiles.yml of the checkout', () => {
  test.each([
    `{{ env_var('DBT_ENV_SEC' ~ 'RET_DBT_OIDC_TOKEN') }}`,
    String.raw`{{ env_var('DBT_ENV_SECRET_DBT_\x4fIDC_TOKEN') }}`,
  ])('cannot name the variable of the credential: %s', async (expression) => {
    await using issuer = await startIssuer()
    const model = '{{ config(meta={"tag": target.query_tag}) }} select 1 as id'
    const files = { ...PROJECT, 'models/orders.sql': model, 'profiles.yml': profilesWith(expression) }
    const inputs = { run: 'parse', connection: '' }
    await using step = await shopStep(issuer, dirname(dbtPython()), { inputs, files, env: QUIET })
    expect(issuer.minted.length).toBeGreaterThan(0)
    const tokens = Object.fromEntries(issuer.minted.map((token, at) => [`token ${at + 1}`, token]))
    expect(scanForLeaks(tokens, placesOf([step]))).toEqual([])
    expect(logOf(step)).toContain('Env var required but not provided')
    expect(step.exitCode).toBe(1)
  })
})

/** Programs that a checkout may bring along: each notes the environment that it was started with. */
const PLANTED = '#!/bin/sh\nenv > "$(dirname "$0")/started-$(basename "$0")"\n'

describe('a program of the checkout', () => {
  test('is never started in the place of one of the system, whatever PATH says', async () => {
    await using job = await openLeaseJob()
    const planted = { content: PLANTED, mode: 0o755 }
    const files = { ...PROJECT, 'tools/prlimit': planted, 'tools/dbt': planted }
    await using first = await job.step({ files, inputs: { until: 'claims' } })
    const tools = join(first.paths.workspace, 'tools')
    await using step = await job.step({ after: first, files, path: [tools, 'tools', job.dbt.bin] })
    expect(step.exitCode).toBe(0)
    expect(job.dbt.runs()).toHaveLength(1)
    expect(step.leftBehind().filter(({ path }) => path.includes('tools/'))).toEqual([])
  })
})

/** Nothing of it is safe in Markdown, and no part of 16 characters comes twice. */
const MARKED = 'a_*b~#c|@d$[e]&f<g>`h_*i~#j|@k$[l]&m<n>`o_*p~#q|@r$[s]&t'

const asNumbers = (text: string): string => text.replaceAll(/[^\w]|_/g, (mark) => `&#${mark.charCodeAt(0)};`)

/** Pieces of a secret that are long enough to tell, and how Markdown and HTML would have them written. */
const pieces = (secret: string): string[] => {
  const parts = Array.from({ length: secret.length - 15 }, (_, at) => secret.slice(at, at + 16))
  return [
    ...parts,
    ...parts.map(asNumbers),
    ...parts.map((part) => text(part)),
    ...parts.map((part) => code(part).slice(6, -7)),
  ]
}

describe('a message of dbt that holds a secret', () => {
  // Where the gist, the message of the summary and the annotation are cut.
  test.each([0, 130, 3950, 4046])('shows no part of it, though it begins at character %i', async (at) => {
    const id = 'model.shop.orders'
    const message = `${'x'.repeat(at)}${MARKED}${'y'.repeat(200)}`
    const results = [
      { unique_id: id, status: 'error', message, execution_time: 1, thread_id: 't', timing: [] },
    ]
    const build: Behaviour = { run_results: { results, elapsed_time: 1 }, manifest: { nodes: {} }, exit: 1 }
    await afterRun(
      build,
      ({ step }) => {
        const said = step.stdout.split('\n').filter((line) => !line.startsWith('::add-mask::'))
        const shown = [...said, step.stderr, step.summary].join('\n')
        expect(shown).toContain('***')
        expect(pieces(MARKED).filter((piece) => shown.includes(piece))).toEqual([])
      },
      { password: MARKED },
    )
  })

  test('shows it not even where it is cut by marks that a terminal takes for colours', async () => {
    const id = 'model.shop.orders'
    const message = `FROM ${KNOWN.slice(0, 9)}\u001b[0m${KNOWN.slice(9)} TO`
    const results = [
      { unique_id: id, status: 'error', message, execution_time: 1, thread_id: 't', timing: [] },
    ]
    const build: Behaviour = { run_results: { results, elapsed_time: 1 }, manifest: { nodes: {} }, exit: 1 }
    await afterRun(
      build,
      ({ step }) => {
        expect(step.summary).toContain('FROM *** TO')
        expect(step.log.commands.find(({ name }) => name === 'error')?.data).toBe('FROM *** TO')
      },
      { password: KNOWN },
    )
  })
})

describe('the corpus of leaks', () => {
  test('has a proof for each case, and changes only what it has', () => {
    const ids = leakCases.map(({ id }) => id)
    expect(Object.keys(proofs).toSorted()).toEqual(ids.toSorted())
    expect(ids).toEqual(expect.arrayContaining(changedLeakCases.map(({ id }) => id)))
  })

  test.each(leakCases)('$id: $name', async ({ id }) => {
    expect.hasAssertions()
    await proofs[id]?.()
  })
})

describe('a granted run', () => {
  test('leaves no secret in log, summary, workspace, argument lists or command files, nor in other variables of dbt', () =>
    afterRun({ stdout: 'quiet\n', write: { 'target/made.txt': 'made', 'logs/made.log': 'made' } }, (ran) => {
      expect([ran.step.exitCode, ran.post.exitCode, ran.job.lender.events]).toEqual([
        0,
        0,
        ['lease 1', 'revoke 1'],
      ])
      expect(Object.keys(ran.job.secrets())).toEqual(['token 1', 'password 1', 'request token'])
      expect(ran.step.summary).toContain('prod')
      expect(leaksOf(ran)).toEqual([])
    }))

  test('whose dbt writes its secrets into the workspace, target/ and logs/ is found out by the scan', () =>
    afterRun({ leak: ['stdout', 'stderr', 'workspace', 'target', 'logs'] }, (ran) => {
      expect(leaksOf(ran).filter((leak) => leak.includes('as raw'))).toEqual([
        'password 1 as raw in workspace/leak.txt',
        'password 1 as raw in workspace/logs/leak.txt',
        'password 1 as raw in workspace/target/leak.txt',
      ])
    }))

  test('is looked at in every place: a secret that is put into any of them is found there', () =>
    afterRun({}, ({ job, places }) => {
      const [secret = ''] = job.lender.leases.map(({ password }) => password)
      const found = (changed: Places): string[] => scanForLeaks({ secret }, changed).map(({ place }) => place)
      const texts = Object.keys(places.texts ?? {})
      for (const name of [
        'log',
        'full log',
        'stderr',
        'summary',
        'GITHUB_ENV',
        'GITHUB_OUTPUT',
        'GITHUB_STATE',
      ])
        expect(texts).toEqual(expect.arrayContaining([name, `${name} of step 2`]))
      for (const name of texts)
        expect(new Set(found({ texts: { [name]: `a ${secret} b` } }))).toEqual(new Set([name]))
      expect(new Set(found({ argv: [[...(places.argv?.[0] ?? []), `--vars=${secret}`]] }))).toEqual(
        new Set(['argv']),
      )
      const env = { ...places.dbtEnv?.[0], DBT_OTHER: secret }
      expect(new Set(found({ dbtEnv: [env] }))).toEqual(new Set(['dbt env DBT_OTHER']))
    }))
})
