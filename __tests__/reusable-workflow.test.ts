import { describe, expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { parse } from 'yaml'
import { placeOf } from '../src/config/policy-place.ts'
import { problemsOf } from './support/config-of.ts'
import { isRecord } from './support/shape.ts'

const TEXT = readFileSync(join(import.meta.dirname, '..', '.github', 'workflows', 'dbt.yml'), 'utf8')
const WORKFLOW: unknown = parse(TEXT)

/** Every text of the workflow with its path. */
function textsOf(node: unknown, path = ''): [string, string][] {
  if (Array.isArray(node)) return node.flatMap((one, at) => textsOf(one, `${path}[${at}]`))
  if (isRecord(node))
    return Object.entries(node).flatMap(([key, value]) =>
      textsOf(value, path === '' ? key : `${path}.${key}`),
    )
  return typeof node === 'string' ? [[path, node]] : []
}

const TEXTS = textsOf(WORKFLOW)
const at = (part: RegExp): [string, string][] => TEXTS.filter(([path]) => part.test(path))

describe('the workflow that many repositories call', () => {
  test('has no shell that anything could come near', () => {
    expect(at(/^jobs\.\w+\.steps\[\d+\]\.(?:run|shell)$/)).toEqual([])
    expect(at(/\.uses$/).map(([, text]) => text.replace(/@.*/, ''))).toEqual([
      'actions/checkout',
      '$/',
      'actions/upload-artifact',
      'actions/upload-artifact',
    ])
  })

  test('puts what the caller says only where it chooses commands, directory and environment', () => {
    const places = TEXTS.filter(([, text]) => /\binputs\b/.test(text)).map(([path]) => path)
    expect(places).toEqual([
      'concurrency.group',
      'jobs.dbt.environment',
      'jobs.dbt.steps[1].with.run',
      'jobs.dbt.steps[1].with.project-dir',
    ])
    // A variable of the caller's repository is the caller's word as well, and so is a secret.
    expect(TEXT).not.toMatch(/\$\{\{[^}]*\b(?:vars|secrets|env|github\.event|github\.head_ref)\b/)
    expect(at(/^on\.workflow_call\.secrets|^jobs\.dbt\.(?:env|secrets)(?:\.|$)/)).toEqual([])
  })

  test('takes policy and packages from nobody but itself', () => {
    const config = at(/with\.config$/)[0]?.[1] ?? ''
    expect(config).toBe('${{ job.workflow_repository }}/.github/dbt-oidc.yml@${{ job.workflow_sha }}')
    const filled = config.replace(/\$\{\{ job\.workflow_repository \}\}/, 'acme/platform')
    expect(placeOf(filled.replace(/\$\{\{ job\.workflow_sha \}\}/, '3f'.repeat(20)))).toMatchObject({
      owner: 'acme',
      repo: 'platform',
    })
    expect(at(/with\.install$/)).toEqual([[expect.any(String), expect.not.stringContaining('${{')]])
    expect(at(/with\.(?:target|connection|identity|profiles-dir|env|github-token)$/)).toEqual([])
  })

  test('is refused where nobody tells its repository and commit, instead of deciding by a file of the checkout', async () => {
    const inputs = { config: '/.github/dbt-oidc.yml@', run: 'build' }
    expect(await problemsOf({ inputs, policy: 'targets: {}' })).toEqual([
      expect.stringContaining('reads like OWNER/REPOSITORY/PATH@REF and is none'),
    ])
  })

  test('may read the caller’s repository, ask for a token, and nothing else', () => {
    expect(WORKFLOW).toMatchObject({
      permissions: {},
      jobs: { dbt: { permissions: { contents: 'read', 'id-token': 'write' } } },
    })
    expect(at(/with\.persist-credentials/)).toEqual([])
    expect(TEXT).toContain('persist-credentials: false')
  })
})
