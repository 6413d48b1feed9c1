import { describe, expect, test } from '@jest/globals'
import { execFile } from 'node:child_process'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { workflowOf } from '../support/page-workflow.ts'

const ROOT = join(import.meta.dirname, '..', '..')

interface Ended {
  readonly code: number
  readonly output: string
}

function node(...args: string[]): Promise<Ended> {
  return new Promise((resolve) => {
    execFile(process.execPath, args, { cwd: ROOT, env: process.env }, (error, stdout, stderr) =>
      resolve({ code: error ? Number(error.code) : 0, output: stdout + stderr }),
    )
  })
}

/** The three commands of the README: a workflow, its trust, and a run against whoever that trust lets in. */
async function threeCommands(workflowText: string, repository: string): Promise<Ended> {
  const directory = mkdtempSync(join(tmpdir(), 'rehearse-'))
  try {
    const [workflow, trust] = [join(directory, 'dbt.yml'), join(directory, 'trust')]
    writeFileSync(workflow, workflowText)
    const written = await node(
      'dist/cli.js',
      'trust',
      '--workflow',
      workflow,
      '--repository',
      'acme/dbt',
      '--out',
      trust,
    )
    if (written.code !== 0) return written
    return await node(
      'scripts/tasks/rehearse.ts',
      '--workflow',
      workflow,
      '--trust',
      trust,
      '--repository',
      repository,
    )
  } finally {
    rmSync(directory, { recursive: true, force: true })
  }
}

describe.each(['snowflake.md', 'bigquery.md', 'redshift.md'])(
  'the workflow of docs/warehouses/%s',
  (page) => {
    test('is green where its own trust stands', async () => {
      const { code, output } = await threeCommands(workflowOf(page), 'acme/dbt')
      expect({ code, output: code === 0 ? '' : output }).toEqual({ code: 0, output: '' })
      expect(output).toContain('Completed successfully')
    }, 240_000)

    test('is refused to another repository, by the warehouse’s side', async () => {
      const { code, output } = await threeCommands(workflowOf(page), 'acme/other')
      expect(code).toBe(1)
      expect(output).toMatch(
        /390303|rejected by the attribute condition|AWS refused AssumeRoleWithWebIdentity/,
      )
    }, 240_000)
  },
)

test('a job without `id-token: write` gets no token in a rehearsal either', async () => {
  const workflow = workflowOf('snowflake.md').replace(/^ *id-token: write\n/m, '')
  const { code, output } = await threeCommands(workflow, 'acme/dbt')
  expect(code).toBe(1)
  expect(output).toContain('✗ id-token-permission: This job may not ask for an ID token')
}, 240_000)
