import { expect, test } from '@jest/globals'
import { cli } from './support/cli.ts'
import type { ClaimSet } from './support/github-claims.ts'
import { openJob, PROJECT } from './support/job.ts'

const POLICY = `
repository: o/r
targets:
  prod: { connection: { type: duckdb, path: prod.duckdb } }
  dev: { connection: { type: duckdb, path: dev.duckdb } }
grants:
  - { name: production, target: prod, when: { ref: refs/heads/main, environment: production } }
  - { name: develop, target: dev, when: { ref: "refs/heads/**" } }
  - { name: pulls, target: dev, when: { event_name: pull_request_target, base_ref: main } }
`
const FILES = { ...PROJECT, '.github/dbt-oidc.yml': POLICY }

// One real token for each: what the step decides about it, and what `check` says of the very same text.
test.each<[ClaimSet, string | undefined]>([
  [{ environment: 'production' }, undefined],
  [{ environment: 'production' }, 'dev'],
  [{ environment: 'Production' }, 'prod'],
  [{ ref: 'refs/heads/x' }, undefined],
  [{ ref: 'refs/tags/v1' }, undefined],
  [{ event_name: 'pull_request_target', base_ref: 'main' }, undefined],
  [{ event_name: 'issue_comment' }, undefined],
  [{ repository: 'evil/r' }, undefined],
])('check says of a token what the step decides about it: %j, target %s', async (claims, target) => {
  await using job = await openJob({ claims })
  const asked: Record<string, string> = target === undefined ? {} : { target }
  await using step = await job.step({ inputs: { until: 'grant', ...asked }, files: FILES })
  const token = job.issuer.minted.at(-1) ?? ''
  const { stdout } = await cli(
    ['check', '--json', '--token', '-', ...(target === undefined ? [] : ['--target', target])],
    FILES,
    { GITHUB_SERVER_URL: job.issuer.serverUrl },
    process.execPath,
    token,
  )
  const answer = JSON.parse(stdout) as { readonly granted: boolean; readonly grant?: string }
  expect([step.exitCode, step.outputs.get('result')]).toEqual([0, 'stopped'])
  expect([String(answer.granted), answer.grant]).toEqual([
    step.outputs.get('granted'),
    step.outputs.get('grant'),
  ])
})
