import { describe, expect, test } from '@jest/globals'
import { dbtEnvironment, type Surroundings } from '../src/dbt/environment.ts'
import { missingVariables } from '../src/dbt/missing.ts'
import { keptFromDbt } from './hostile/dbt.ts'

type Given = Partial<Surroundings> & { readonly env?: Readonly<Record<string, string>> }

function of(given: Given = {}): ReturnType<typeof dbtEnvironment> {
  return dbtEnvironment({
    env: {},
    names: [],
    steering: { target: 'prod', profile: 'demo', projectDir: '/repo/dbt' },
    workspace: '/repo',
    nowhere: '/private/none',
    carried: {},
    windows: false,
    ...given,
  })
}

const hostile = Object.fromEntries(keptFromDbt.map((name) => [name, `value of ${name}`]))

describe('file-command-05 what belongs to the job', () => {
  test('never reaches dbt', () => {
    const { env, problems } = of({ env: hostile })
    expect(problems).toEqual([])
    expect(Object.values(env).filter((value) => value.startsWith('value of'))).toEqual([])
  })

  test.each(keptFromDbt.filter((name) => !name.includes('-')))(
    '%s does not reach dbt by the input env either',
    (name) => {
      const { env, problems } = of({ env: hostile, names: [name] })
      expect(problems).toEqual([expect.stringContaining(`Input "env": ${name} never reaches dbt: `)])
      expect(Object.values(env)).not.toContain(`value of ${name}`)
    },
  )

  test.each([
    'ACTIONS_*',
    'INPUT_*',
    'AWS_*',
    'GOOGLE_*',
    'SNOWFLAKE_*',
    'DATABRICKS_*',
    'DBT_ENV_SECRET_DBT_OIDC_*',
  ])('%s is refused', (name) => {
    expect(of({ names: [name] }).problems).toHaveLength(1)
  })

  test('does not come in by a wider prefix', () => {
    const { env, problems } = of({ env: { ...hostile, GITHUB_JOB: 'nightly' }, names: ['GITHUB_*'] })
    expect(problems).toEqual([])
    expect(env['GITHUB_JOB']).toBe('nightly')
    expect(Object.keys(env).filter((name) => /TOKEN|_ENV$|OUTPUT/.test(name))).toEqual([])
  })
})

describe('dbt sees', () => {
  test('what a program needs, the run, and what begins with DBT_', () => {
    const passed = {
      PATH: '/usr/bin',
      HOME: '/home/a',
      LANG: 'C',
      LC_ALL: 'C.UTF-8',
      TZ: 'UTC',
      https_proxy: 'http://proxy',
      NO_PROXY: 'x',
      SSL_CERT_FILE: '/ca.pem',
      GITHUB_REPOSITORY: 'o/r',
      GITHUB_RUN_ID: '1',
      DBT_THREADS: '4',
      DBT_ENV_SECRET_GIT: 's',
      DBT_ENGINE_FAIL_FAST: '1',
    }
    const others = {
      SECRET: 'x',
      GITHUB_WORKSPACE: '/w',
      CI: 'true',
      PYTHONPATH: '/p',
      GITHUB_RUN_IDS: 'x',
      lc_all: 'x',
    }
    const { env } = of({ env: { ...passed, ...others } })
    expect(env).toMatchObject(passed)
    for (const name of Object.keys(others)) expect(env).not.toHaveProperty(name)
  })

  test('what the input env names, by name or prefix', () => {
    const { env, problems } = of({
      env: { A: '1', APP_X: '2', APP_: '3', APPLE: '4', AWS_REGION: 'eu-west-1' },
      names: ['A', ' APP_* ', 'AWS_REGION', 'ABSENT', ''],
    })
    expect(problems).toEqual([])
    expect(env).toMatchObject({ A: '1', APP_X: '2', APP_: '3', AWS_REGION: 'eu-west-1' })
    expect(env).not.toHaveProperty('APPLE')
    expect(env).not.toHaveProperty('ABSENT')
  })

  test.each(['*', 'A*', '_*', 'A B', 'A=1', '*_A', 'Ä'])('%j in the input env is a mistake', (name) => {
    expect(of({ names: [name] }).problems).toEqual([
      `Input "env": ${JSON.stringify(name)} is neither the name of a variable nor a PREFIX_*.`,
    ])
  })

  test.each(['PATH', 'LD_LIBRARY_PATH', 'DYLD_LIBRARY_PATH'])(
    'no entry of %s that depends on where a program runs',
    (name) => {
      const left = (value: string): unknown => of({ env: { [name]: value } }).env[name]
      expect(left('.:/usr/bin::bin:/bin')).toBe('/usr/bin:/bin')
      expect(left('/usr/bin:')).toBe('/usr/bin')
      // As a whole it would mean the directory itself.
      for (const nothing of ['', ':', 'lib', '.:lib']) expect(left(nothing)).toBeUndefined()
    },
  )

  test('nor one behind a semicolon, which the loader of libraries takes for a colon', () => {
    expect(of({ env: { LD_LIBRARY_PATH: '/a;lib:/b;' } }).env['LD_LIBRARY_PATH']).toBe('/a:/b')
  })

  test('no cloud credentials of the machine', () => {
    const { env } = of()
    const files = Object.entries(env).filter(([name]) =>
      /CONFIG|CREDENTIALS|PASSFILE|HOME|SERVICE|SYSCONF/.test(name),
    )
    expect(files.map(([name]) => name)).toEqual(
      expect.arrayContaining([
        'AWS_CONFIG_FILE',
        'AWS_SHARED_CREDENTIALS_FILE',
        'CLOUDSDK_CONFIG',
        'AZURE_CONFIG_DIR',
        'SNOWFLAKE_HOME',
        'DATABRICKS_CONFIG_FILE',
        'PGPASSFILE',
      ]),
    )
    for (const [, path] of files) expect(path).toMatch(/^\/private\/none/)
    expect(env).toMatchObject({ AWS_EC2_METADATA_DISABLED: 'true', NO_GCE_CHECK: 'true' })
  })

  test('what the credential needs, over everything else', () => {
    const carried = {
      PGPASSFILE: '/private/pgpass',
      GOOGLE_APPLICATION_CREDENTIALS: '/private/adc.json',
      PATH: '/x',
    }
    expect(of({ env: { PATH: '/usr/bin' }, carried }).env).toMatchObject(carried)
  })

  test('no .env of the project', () => {
    expect(of({ env: { PYTHON_DOTENV_DISABLED: '0' } }).env['PYTHON_DOTENV_DISABLED']).toBe('1')
  })

  test('that colours are welcome, unless the job says otherwise', () => {
    expect(of().env).toMatchObject({ FORCE_COLOR: '1' })
    const plain = of({ env: { NO_COLOR: '1' } }).env
    expect(plain).toMatchObject({ NO_COLOR: '1', DBT_USE_COLORS: 'false' })
    expect(plain).not.toHaveProperty('FORCE_COLOR')
    expect(of({ env: { DBT_USE_COLORS: 'false' } }).env['DBT_USE_COLORS']).toBe('false')
  })

  test('on Windows the same names in any case, and those without which nothing starts', () => {
    const env = {
      Path: 'C:\\x',
      SystemRoot: 'C:\\Windows',
      Dbt_Threads: '4',
      Github_Token: 'x',
      Dbt_Target: 'dev',
    }
    const found = of({ env, windows: true })
    expect(found.env).toMatchObject({ SystemRoot: 'C:\\Windows', Dbt_Threads: '4' })
    expect(found.env).not.toHaveProperty('Github_Token')
    expect(found.problems).toHaveLength(1)
    expect(of({ env }).env).not.toHaveProperty('SystemRoot')
  })
})

describe('a variable that steers dbt', () => {
  const names = ['PROFILES_DIR', 'TARGET', 'PROFILE', 'PROJECT_DIR', 'LOG_PATH', 'TARGET_PATH']
  test.each(names.flatMap((name) => [`DBT_${name}`, `DBT_ENGINE_${name}`]))(
    '%s is a conflict, and does not pass',
    (name) => {
      const { env, problems } = of({ env: { [name]: 'other' } })
      expect(problems).toEqual([expect.stringContaining(`the variable ${name}, but `)])
      expect(env).not.toHaveProperty(name)
      expect(of({ env: { [name]: '' } }).problems).toEqual([])
    },
  )

  test('may say the same', () => {
    const { problems } = of({
      env: {
        DBT_TARGET: 'prod',
        DBT_PROFILE: 'demo',
        DBT_PROJECT_DIR: 'dbt',
        DBT_ENGINE_PROJECT_DIR: '/repo/dbt/',
      },
    })
    expect(problems).toEqual([])
  })

  test('is not one that only begins the same', () => {
    const { env, problems } = of({ env: { DBT_TARGET_SCHEMA: 'x', DBT_TARGETS: 'y' } })
    expect(problems).toEqual([])
    expect(env).toMatchObject({ DBT_TARGET_SCHEMA: 'x', DBT_TARGETS: 'y' })
  })
})

const output = (...names: string[]): string =>
  names.map((name) => `Parsing Error\n  Env var required but not provided: '${name}'\n`).join('')

describe('a variable that dbt misses', () => {
  test('and the step has is named with the line to add', () => {
    expect(missingVariables(output('SCHEMA'), { SCHEMA: '' })).toBe(
      'The step has SCHEMA, but dbt sees only what it needs. Add to the inputs of this step:\n  env: SCHEMA',
    )
  })

  test('and the step has not is said to be absent', () => {
    expect(missingVariables(output('SCHEMA', 'SCHEMA'), {})).toContain(
      'has no variable SCHEMA. Add it to `env:` of the step, and to its inputs',
    )
    expect(missingVariables(output('DBT_X'), {})).toBe(
      'The step has no variable DBT_X. Add it to `env:` of the step.',
    )
    expect(missingVariables(output('toString'), {})).toContain('has no variable toString')
  })

  test('and is kept from it on purpose is said to be so', () => {
    expect(missingVariables(output('GITHUB_TOKEN', 'A'), { GITHUB_TOKEN: 'x', A: 'x' })?.split('\n')).toEqual(
      [
        expect.stringContaining('GITHUB_TOKEN, which never reaches dbt'),
        expect.stringContaining('The step has A'),
        '  env: A',
      ],
    )
  })

  test('is no business of other errors', () => {
    expect(missingVariables('Compilation Error', { A: '1' })).toBeUndefined()
  })
})
