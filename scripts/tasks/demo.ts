// Shows the action at work: a granted run, one with a target of its own, a denied one, Snowflake, and what is on record.
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { startSnowflake } from '../../__tests__/support/snowflake/front.ts'
import type { StepResult } from '../../__tests__/support/step.ts'
import { openShop, type Shop } from '../demo/shop.ts'
import { openStage, type Stage } from '../demo/stage.ts'
import { auditOf, auditTable, markOf, PAGE, summaryText, writePage } from '../demo/told.ts'
import { ensurePython } from '../python.ts'
import { task } from '../task.ts'

const AUDIENCE = 'https://acme-prod.snowflakecomputing.com'
const LIFE = 15
const SLOW = { text: 'stg_customers', by: 45_000 }
const DEVELOP = { ref: 'refs/heads/develop', environment: 'staging', workflow: 'staging' }
const FEATURE = { ref: 'refs/heads/feature/discount', environment: undefined, actor: 'mallory' }
const IMPOSTOR = { repository_id: '6666666', repository_owner_id: '6666666', actor: 'mallory' }

await task(demo)

async function demo(): Promise<number> {
  if (!existsSync(join(import.meta.dirname, '..', '..', 'dist', 'main.js')))
    throw new Error('dist/ is missing: run `npm run bundle` first.')
  const python = await ensurePython('dbt')
  const stage = openStage()
  await using shop = await openShop(stage, python)

  openingScene(stage, shop)
  const nightly = await grantedScene(stage, shop)
  const staging = await stagingScene(stage, shop, nightly)
  const denied = await deniedScene(stage, shop, nightly)
  const snowflake = await snowflakeScene(stage, shop, python.python)
  const long = await longScene(stage, shop, python.python)
  const audit = auditScene(stage, long)
  summaryScene(stage, nightly)

  writePage([
    { title: 'The nightly run', note: 'Granted: main, in production.', markdown: nightly.summary },
    { title: 'The staging run', note: 'Granted: its own target.', markdown: staging.summary },
    { title: 'A feature branch asks for prod', note: 'Denied.', markdown: denied.branch.summary },
    {
      title: 'A repository of the same name asks for prod',
      note: 'Denied.',
      markdown: denied.impostor.summary,
    },
    { title: 'Snowflake, by workload identity', note: 'Granted.', markdown: snowflake.summary },
    { title: 'The audit log', note: 'One line for each use of a token.', lines: audit },
  ])
  return farewell(stage)
}

function openingScene(stage: Stage, shop: Shop): void {
  stage.scene('The policy')
  stage.say(
    'A shop keeps its dbt project in acme/shop. No warehouse password is stored anywhere: every run shows the token',
    'that GitHub has signed for it, and this file says which token may write what. A local issuer stands in for GitHub,',
    `with real keys and real signatures, at ${shop.issuer.serverUrl}.\n`,
  )
  stage.show(shop.policy().trimEnd().split('\n'))
}

async function grantedScene(stage: Stage, shop: Shop): Promise<StepResult> {
  stage.scene('The nightly run, from main, in the environment production')
  stage.say('`run: build` is all that the workflow says. The token decides on the target.\n')
  const step = await shop.run({}, { run: 'build' })
  stage.say('')
  stage.claim('the step succeeded', step.conclusion === 'success')
  stage.claim('the grant `nightly` gave it the target `prod`', granted(step, 'nightly', 'prod'))
  stage.claim('dbt wrote prod.duckdb and nothing else', databases(step) === 'prod.duckdb')
  stage.claim('nothing private is left behind', !hasRemains(step))
  return step
}

async function stagingScene(stage: Stage, shop: Shop, nightly: StepResult): Promise<StepResult> {
  stage.scene('The same workflow, from develop, in the environment staging')
  stage.say('Not a word of the workflow differs, only the token does.\n')
  const before = markOf(nightly, 'prod.duckdb')
  const step = await shop.run(DEVELOP, { run: 'build' })
  stage.say('')
  stage.claim('the step succeeded', step.conclusion === 'success')
  stage.claim(
    'the grant `rehearsal` gave it a target of its own, `staging`',
    granted(step, 'rehearsal', 'staging'),
  )
  stage.claim('dbt wrote staging.duckdb', databases(step) === 'prod.duckdb staging.duckdb')
  stage.claim('prod.duckdb was not touched', before === markOf(step, 'prod.duckdb'))
  return step
}

interface Denied {
  readonly branch: StepResult
  readonly impostor: StepResult
}

async function deniedScene(stage: Stage, shop: Shop, nightly: StepResult): Promise<Denied> {
  stage.scene('Somebody on a feature branch edits the workflow and asks for prod')
  const before = markOf(nightly, 'prod.duckdb')
  const branch = await shop.run(FEATURE, { run: 'build', target: 'prod' })
  claimDenied(stage, branch, before)

  stage.scene('The repository is deleted, and a stranger registers its name')
  stage.say('Every name is right. The id that GitHub signs is not.\n')
  const impostor = await shop.run(IMPOSTOR, { run: 'build', target: 'prod' })
  claimDenied(stage, impostor, before)
  stage.claim('the reason is the repository id', impostor.fullLog.text.includes(IMPOSTOR.repository_id))
  stage.claim('there is no block to paste that would let it in', !impostor.fullLog.text.includes('when:'))
  return { branch, impostor }
}

function claimDenied(stage: Stage, step: StepResult, before: string | undefined): void {
  stage.say('')
  stage.claim('the step failed, with exit code 1', step.exitCode === 1)
  stage.claim('no grant was found', step.outputs.get('granted') === 'false')
  stage.claim('prod.duckdb was not touched', before === markOf(step, 'prod.duckdb'))
}

async function snowflakeScene(stage: Stage, shop: Shop, python: string): Promise<StepResult> {
  stage.scene('A warehouse that asks for the token itself: Snowflake, by workload identity')
  stage.say(
    'Real dbt-snowflake logs in at a local stand-in that verifies signature, issuer, audience, expiry and subject of the',
    'token, as Snowflake does, and lets an emulator (fakesnow) run the SQL.\n',
  )
  const { issuer } = shop.issuer
  const subject = 'repo:acme/shop:environment:snowflake'
  const user = { user: 'GH_DBT', issuer, subject, audiences: [AUDIENCE], defaultRole: 'TRANSFORMER' }
  await using snowflake = await startSnowflake({ users: [user], python })
  shop.connectSnowflake(snowflake.port)
  const step = await shop.run({ environment: 'snowflake' }, { run: 'build' })
  const minted = shop.issuer.minted.length
  stage.say('')
  stage.claim('the step succeeded', step.conclusion === 'success')
  stage.claim(
    `Snowflake let GH_DBT in ${snowflake.logins.length === 1 ? 'once' : `${snowflake.logins.length} times`}, and nobody else`,
    snowflake.logins.length > 0 && snowflake.refusals.length === 0,
  )
  stage.claim(
    'the run is named in the query tag',
    snowflake.logins.every(({ queryTag }) => queryTag?.includes('acme/shop')),
  )
  stage.claim(`none of the ${minted} tokens so far can be read in the log`, !isTold(shop, step))
  return step
}

async function longScene(stage: Stage, shop: Shop, python: string): Promise<StepResult> {
  stage.scene('A run that lives three times as long as its token')
  stage.say(
    `GitHub's tokens live five minutes; here they live ${LIFE} seconds, and one of the models takes ${SLOW.by / 1000}. The others`,
    'connect after that. Our dbt plugin reads a private file at each connection, which is renewed in time.\n',
  )
  const subject = 'repo:acme/shop:environment:snowflake'
  const user = {
    user: 'GH_DBT',
    issuer: shop.issuer.issuer,
    subject,
    audiences: [AUDIENCE],
    defaultRole: 'TRANSFORMER',
  }
  await using snowflake = await startSnowflake({ users: [user], python, slow: [SLOW] })
  shop.connectSnowflake(snowflake.port)
  shop.issuer.ttl(LIFE)
  const step = await shop.run({ environment: 'snowflake' }, { run: 'build' })
  const tokens = new Set(snowflake.logins.map(({ tokenSha256 }) => tokenSha256))
  stage.say('')
  stage.claim('the step succeeded', step.conclusion === 'success')
  stage.claim(
    `Snowflake saw ${tokens.size} tokens, and refused none`,
    tokens.size > 1 && snowflake.refusals.length === 0,
  )
  stage.claim('none of them can be read in the log', !isTold(shop, step))
  return step
}

function auditScene(stage: Stage, last: StepResult): readonly string[] {
  stage.scene('What is on record')
  stage.say('One line of JSON for each use of a token, never the token itself; here a few of its fields.\n')
  const lines = auditOf(last)
  stage.show(auditTable(lines))
  const outcomes = lines.map(({ outcome }) => outcome)
  stage.say('')
  stage.claim('both denials are on record', outcomes.filter((outcome) => outcome === 'denied').length === 2)
  stage.claim('the token that Snowflake got is on record', outcomes.includes('handed-over'))
  return lines.map((line) => JSON.stringify(line))
}

function summaryScene(stage: Stage, nightly: StepResult): void {
  stage.scene('The job summary of the nightly run')
  stage.show(summaryText(nightly.summary))
  stage.say('')
  stage.claim('the summary tells of the success', nightly.summary.includes('dbt succeeded'))
}

function farewell(stage: Stage): number {
  stage.say('', `All summaries and the audit log as a page: ${pathToFileURL(PAGE).href}`)
  if (stage.broken.length === 0) return 0
  stage.say(
    '',
    `${stage.broken.length} things did not go as told:`,
    ...stage.broken.map((line) => `  ✗ ${line}`),
  )
  return 1
}

function granted(step: StepResult, grant: string, target: string): boolean {
  return step.outputs.get('grant') === grant && step.outputs.get('target') === target
}

function databases(step: StepResult): string {
  return ['prod.duckdb', 'staging.duckdb'].filter((file) => markOf(step, file) !== undefined).join(' ')
}

/** Whether a file in the runner's temporary directory outlived the step, other than the audit log. */
function hasRemains(step: StepResult): boolean {
  return step.leftBehind().some(({ path }) => path.startsWith('temp/') && !path.endsWith('.jsonl'))
}

function isTold(shop: Shop, step: StepResult): boolean {
  return shop.issuer.minted.some((token) => step.fullLog.text.includes(token))
}
