import { describe, expect, test } from '@jest/globals'
import { mkdtempSync, readdirSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { parse } from 'yaml'
import { between, withCore } from '../scripts/generate/marks.ts'
import { TRIED } from '../scripts/generate/versions.ts'
import { warehouses } from '../src/warehouses/index.ts'
import { isRecord } from './support/shape.ts'

const ROOT = join(import.meta.dirname, '..')
const PYTHON = join(ROOT, 'toolchain', 'python')
const LOCKS = readdirSync(PYTHON)
  .filter((name) => name.endsWith('.lock.txt'))
  .map((name) => readFileSync(join(PYTHON, name), 'utf8').replaceAll(/ ;.*/g, '').split('\n'))
const PAGES = [...warehouses.keys()].map((type) => [type, page(type)] as const)

function page(type: string): string {
  return readFileSync(join(ROOT, 'docs', 'warehouses', `${type}.md`), 'utf8')
}

/** The part of a page from one heading to the next of its kind. */
function section(type: string, via: string): string {
  return (
    page(type)
      .split(/^## /m)
      .find((one) => one.startsWith(`Via \`${via}\``)) ?? ''
  )
}

test.each(Object.entries(TRIED))(
  'the pages install %s as some lock of the tests has it',
  (name, { core, adapter }) => {
    const together = LOCKS.filter(
      (lock) => lock.includes(`dbt-core==${core}`) && lock.includes(`${name}==${adapter}`),
    )
    expect(together).not.toEqual([])
  },
)

describe.each(PAGES)('the page of %s', (_type, text) => {
  test('has whole workflows, each with a name and its events', () => {
    const workflows = [...text.matchAll(/```yaml\n([\s\S]*?)\n```/g)]
      .map(([, yaml]): unknown => parse(yaml ?? ''))
      .filter((one) => isRecord(one) && 'jobs' in one)
    expect(workflows.length).toBeGreaterThan(0)
    for (const workflow of workflows)
      expect(workflow).toMatchObject({ name: 'dbt', on: { push: { branches: ['main'] } } })
  })

  test('explains each error with values, and not with their absence', () => {
    const rows = text.split('\n').filter((line) => line.startsWith('| `'))
    for (const row of rows) expect(row).not.toMatch(/ ``|  \.| \. |\babsent\b|audience \./)
  })
})

test('Databricks via oauth is told by its own trust, and by nobody else’s settings', () => {
  expect(section('databricks', 'oauth')).toContain('via: oauth\n')
  expect(section('databricks', 'oauth')).not.toMatch(/Authorization server|Keycloak|login\.acme\.example/)
})

test('DuckDB via aws writes to S3 and keeps no file on the runner; without an exchange nothing is claimed to be verified', () => {
  expect(section('duckdb', 'aws')).toContain('external_root: s3://')
  expect(section('duckdb', 'aws')).toContain('path: ":memory:"')
  expect(warehouses.get('duckdb')?.proof['none']).toBe('nothing to verify')
  const [, ...sentences] = readFileSync(join(ROOT, 'docs', 'proof.md'), 'utf8').split('_nothing to verify_')
  expect(sentences).toHaveLength(1)
})

test('says which databases a hosted runner does not reach, and what a provisioned cluster of Redshift needs', () => {
  for (const [type, via] of [
    ['postgres', 'aws'],
    ['postgres', 'google'],
    ['redshift', 'aws'],
  ] as const)
    expect(section(type, via)).toMatch(/private[^.]* not reachable from a runner that GitHub hosts/)
  expect(section('redshift', 'aws')).toContain('cluster_id: analytics')
  for (const { connection } of warehouses.get('redshift')?.examples['aws']?.others ?? [])
    expect(warehouses.get('redshift')?.bind(connection).faults('aws')).toEqual([])
  expect(page('redshift')).toMatch(/redshift-serverless:GetCredentials` +\|/)
  expect(page('postgres')).not.toContain('bigquery')
})

/** What becomes of a page that reads so. */
function at(text: string): string {
  const path = join(mkdtempSync(join(tmpdir(), 'page-')), 'one.md')
  if (text !== '') writeFileSync(path, text)
  return withCore(path, 'One', 'made')
}

describe('a page of which people write the first part', () => {
  test('keeps what they wrote, on both sides of the marks', () => {
    expect(at('# Own\n\nOwn words.\n\n<!-- core: generated -->\nold\n<!-- /core -->\n\nMore.\n')).toBe(
      '# Own\n\nOwn words.\n\n<!-- core: generated -->\n\nmade\n\n<!-- /core -->\n\nMore.\n',
    )
  })

  test('is its title and what is generated where nobody has written yet', () => {
    expect(at('')).toBe('# One\n\n<!-- core: generated -->\n\nmade\n\n<!-- /core -->')
  })

  test('is not written where a merge has left both versions in it', () => {
    const both = '<<<<<<< HEAD\n# Own\n=======\n# Other\n>>>>>>> main\n'
    expect(() => between(`${both}<!-- x: generated -->\n<!-- /x -->`, 'x', 'made')).toThrow(
      /a merge was not ended/,
    )
  })

  test('is not overwritten where the marks are gone', () => {
    expect(() => at('# Own\n\nOwn words.\n')).toThrow(/one\.md: put the marks back/)
  })
})
