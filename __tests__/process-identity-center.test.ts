import { expect, test } from '@jest/globals'
import { readFileSync } from 'node:fs'
import { trustDocuments } from '../src/trust/request.ts'
import { ACCOUNT, HOST, REGION } from './support/aws/bench.ts'
import { newCloud } from './support/aws/account.ts'
import { APPLICATION, CENTER_HOST, INSTANCE, SESSION_ROLE, SETTINGS } from './support/aws/center-bench.ts'
import { newDirectory, obey } from './support/aws/directory.ts'
import { newCenter } from './support/aws/identity-center.ts'
import { runInShell } from './support/aws/real-shell.ts'
import { discovered, newSts } from './support/aws/sts.ts'
import { configOf } from './support/config-of.ts'
import { auditOf, GRANTED, openJob } from './support/job.ts'
import { placesOf, scanForLeaks } from './support/leaks.ts'
import { logOf, remainsOf } from './support/process.ts'

const ATHENA = {
  ...GRANTED,
  connection: `{ type: athena, region_name: ${REGION}, s3_staging_dir: "s3://b/r/", database: awsdatacatalog, schema: dbt }`,
  identity: JSON.stringify({ via: 'aws-identity-center', ...SETTINGS }),
  // What dbt would ask for by itself, its stub does not.
  preflight: 'false',
}

/** GitHub, and an account whose roles and Identity Center know what the documents of these inputs say. */
async function opened(ref: string) {
  const job = await openJob({}, {}, { 'dbt-athena': '1.10.0' })
  const { issuer } = job
  const cloud = newCloud()
  const directory = newDirectory(INSTANCE, APPLICATION)
  const center = newCenter({ cloud, directory, region: REGION, host: CENTER_HOST, keysOf: discovered })
  issuer.at(HOST, newSts({ cloud, region: REGION, host: HOST }).handler)
  issuer.at(CENTER_HOST, center.handler)
  const config = await configOf({ inputs: { ...ATHENA, ref }, serverUrl: issuer.serverUrl })
  const documents = (
    await Promise.all([...config.targets.values()].map((target) => trustDocuments(config, target)))
  ).flat()
  const shell = documents.filter(({ language }) => language === 'sh')
  obey(cloud, directory, await runInShell(shell.map(({ text }) => text)), ACCOUNT)
  return { job, cloud, directory, center }
}

test('the built action trades at both services for keys that carry the user, and puts both tokens on record', async () => {
  const { job, cloud, directory, center } = await opened('refs/heads/main')
  await using open = job
  await using step = await open.step({ inputs: ATHENA })
  expect(logOf(step)).not.toContain('WARN')
  expect([step.exitCode, step.outputs.get('identity')]).toEqual([0, SESSION_ROLE])
  const [, last] = cloud.sessions.values()
  expect(directory.users.get(last?.user ?? '')).toBe('repo:o/r:ref:refs/heads/main')
  expect(center.calls.map(({ outcome }) => outcome)).toEqual(['ok'])
  const audit = auditOf(readFileSync(step.outputs.get('audit-log') ?? '', 'utf8'))
  expect(audit.filter(({ use }) => use === 'exchange').length).toBe(2)
  const sessions = [...cloud.sessions.values()].flatMap(({ secretAccessKey: key, sessionToken }) => [
    key,
    sessionToken,
  ])
  const secrets = [...open.issuer.minted, ...sessions, ...cloud.contexts.keys()]
  const named = Object.fromEntries(secrets.map((secret, at) => [`secret ${at}`, secret]))
  expect([scanForLeaks(named, placesOf([step], open.dbt.runs())), remainsOf(step)]).toEqual([[], []])
})

test('a user that is not there is told by the name that it needs', async () => {
  const { job, directory } = await opened('refs/heads/main')
  await using open = job
  directory.users.clear()
  await using step = await open.step({ inputs: ATHENA })
  expect([step.exitCode, open.dbt.runs().filter(({ argv }) => argv.includes('build'))]).toEqual([1, []])
  expect(logOf(step)).toContain('look for exactly one user named repo:o/r:ref:refs/heads/main')
})
