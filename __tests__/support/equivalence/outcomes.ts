import { asyncProperty, check } from 'fast-check'
import { chooser, draws, type Choose } from './choose.ts'
import { judge, type Outcome } from './judge.ts'
import type { Platform } from './platforms.ts'
import { writePolicy } from './policies.ts'
import { configured, stand, type Paste } from './stand.ts'
import { mintFor } from './tokens.ts'

/** Tokens that are tried with each policy: to read a policy takes longer than to judge a token. */
const EACH = 10

/** Tries tokens of some grants of some policy on its trust; nothing where no trust is written. */
async function outcomesOf(platform: Platform, choose: Choose, paste?: Paste): Promise<readonly Outcome[]> {
  const policy = writePolicy(choose, platform.limits)
  const config = await configured(platform, policy)
  const targets = [...config.targets.values()].filter(({ name }) =>
    config.grants.some(({ target }) => target === name),
  )
  const at = await stand(
    platform,
    config,
    choose.one(...targets),
    choose.one('both', 'both', 'name', 'id'),
    paste,
  )
  if (!at) return []
  const own = policy.grants.filter(({ target }) => target === at.target.name)
  return Array.from({ length: EACH }, () => {
    const { when } = choose.one(...(choose.often(85) ? own : policy.grants))
    const all = policy.grants.map((grant) => grant.when)
    const token = mintFor(when, all, at.form, choose)
    const from = choose.often(95)
      ? {}
      : choose.one({ iss: 'https://evil.example' }, { aud: 'of-somebody-else' })
    const outcome = judge(at, token, choose, from)
    if (outcome.fault === undefined) return outcome
    const told = { ...token, from, policy, target: at.target.name, form: at.form }
    throw new Error(`${outcome.fault}\n${JSON.stringify(told, null, 1)}\n${at.text.slice(0, 2500)}`)
  })
}

/** Outcomes until so many tokens were tried; it throws the first counterexample with the seed that repeats it. */
export async function tried(
  platform: Platform,
  tokens: number,
  seed: number,
  paste?: Paste,
): Promise<readonly Outcome[]> {
  const outcomes: Outcome[] = []
  const property = asyncProperty(draws, async (g) => {
    if (outcomes.length < tokens) outcomes.push(...(await outcomesOf(platform, chooser(g), paste)))
  })
  // Policies of which no trust is written give no tokens. To shrink a draw of hundreds of values would take for ever.
  const report = await check(property, { numRuns: tokens, seed, endOnFailure: true })
  if (!report.failed) return outcomes
  const { errorInstance } = report
  const message = errorInstance instanceof Error ? errorInstance.message : String(errorInstance)
  throw new Error(`PROPERTY_SEED=${report.seed}, after ${outcomes.length} tokens: ${message}`)
}
