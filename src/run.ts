import { connect, type Access } from './access.ts'
import { auditPath, openAudit, recordShown, type Audit } from './audit.ts'
import type { Claims } from './claims.ts'
import { decisionAudience, type Config } from './config.ts'
import { audienceOf, type Target } from './config/target.ts'
import type { ReadyDbt } from './dbt/run.ts'
import type { DbtResult } from './dbt/result.ts'
import type { Sentence } from './doctor/sentence.ts'
import { DbtOidcError } from './errors.ts'
import type { Host } from './host.ts'
import { ioOf } from './io.ts'
import { isRunMode } from './mode.ts'
import { decide, type Decision } from './policy.ts'
import type { AccessFacts, Report } from './report/report.ts'
import { say, sayAll } from './report/say.ts'
import { denial } from './report/decision.ts'
import { openPrivateDirectory, owe, remember } from './remains.ts'
import { attributionOf } from './attribution.ts'
import { untrustedPullRequest } from './token/pull-request.ts'
import { createTokens, type Tokens } from './token/tokens.ts'
import type { Trusted } from './trust/refusal.ts'

/** What is known so far: when the sentence breaks off, the root still tells it. */
export interface Known {
  claims?: Claims
  decision?: Decision
  access?: AccessFacts
  /** The words until the exchange, to be explained. */
  sentence?: Sentence
  result?: DbtResult
  profilesDir?: string
  /** dbt's target directory, once dbt has run. */
  targetPath?: string
}

/** The policy grants nothing to these claims; the decision says why. */
export class Denied extends DbtOidcError {
  readonly decision: Decision

  constructor(decision: Decision) {
    super({ code: 'no-grant', ...denial(decision, { colour: true }) })
    this.decision = decision
  }
}

/**
 * The sentence: token → claims → grant → exchange → profile → dbt → report. Throws at the first word that does not hold;
 * whatever was bought until then is revoked and forgotten.
 */
export async function run(config: Config, host: Host, known: Known): Promise<Report> {
  const withDbt = await wordsWithDbt(config)
  const early = await withDbt?.prepareEarly(config, host)
  const tokens = createTokens({ ...host, issuer: config.issuer, other: config.other, mask: host.writer.mask })
  const token = await tokens.decision(decisionAudience(config))
  const { claims } = token
  known.claims = claims
  say(host, 'token', `for ${claims.aud}, valid until ${clock(claims.exp)} (jti ${claims.jti})`)
  say(host, 'claims', claimsLine(claims))
  if (config.until === 'claims') {
    await recordShown(config, host, token)
    return told(claims, known)
  }

  const decision = decide(config.grants, claims, config.asked, {
    pullRequest: untrustedPullRequest(await host.event(), claims.all.get('repository') ?? ''),
  })
  known.decision = decision
  const audit = await openAudit(config, host, token, decision)
  if (config.until === 'grant') {
    say(host, 'grant', (await import('./report/stop.ts')).wouldBe(decision))
    return told(claims, known)
  }
  const target = granted(decision, config)
  say(host, 'grant', `${decision.grant?.name ?? ''} → ${target.name}`)

  const dbt = early ?? (await withDbt?.prepareDbt(config, target, host))
  await using access = await enter(target, claims, { config, host, decision, audit, tokens, dbt })
  known.access = factsOf(access)
  say(host, 'exchange', exchangeLine(access))
  if (!withDbt || !dbt) {
    const { target: filled } = access
    const trusted = await trustedBy(config, filled)
    known.sentence = { claims, decision, target: filled, trusted, told: await access.told(), now: host.now() }
    return told(claims, known)
  }

  await withDbt.keepProfile(config, access, host, dbt)
  say(host, 'profile', `${dbt.profileName}.${target.name}: ${known.access.writes}`)
  await withDbt.preflight(config, access, dbt, host)
  if (!isRunMode(config)) {
    known.profilesDir = access.directory.path
    await access.handOver()
    return told(claims, known)
  }

  known.targetPath = dbt.project.targetPath
  known.result = await withDbt.runDbt(config, access, dbt, host)
  return told(claims, known)
}

function claimsLine({ from, sub, all }: Claims): string {
  if (from !== undefined) return `${sub} · from ${from}`
  return `${sub} · ${all.get('event_name') ?? '?'} by ${all.get('actor') ?? '?'}`
}

/** The words from the profile on; undefined where the run stops before, and needs neither dbt nor a project. */
async function wordsWithDbt({ until }: Config): Promise<typeof import('./with-dbt.ts') | undefined> {
  return until === undefined || until === 'profile' ? import('./with-dbt.ts') : undefined
}

interface Entering {
  readonly config: Config
  readonly host: Host
  readonly decision: Decision
  readonly audit: Audit
  readonly tokens: Tokens
  readonly dbt: ReadyDbt | undefined
}

async function enter(
  target: Target,
  claims: Claims,
  { config, host, decision, audit, tokens, dbt }: Entering,
): Promise<Access> {
  const remains = await openPrivateDirectory(host)
  const { signal: _cancelled, ...uncancelled } = host
  const own = { issuer: config.issuer, other: config.other, mask: host.writer.mask }
  const access = await connect(target, claims, {
    mint: tokens.mint,
    mintToRevoke: (audience) => createTokens({ ...uncancelled, ...own }).decision(audience),
    io: { ...ioOf(host, (line) => sayAll(host, [line])), signal: host.signal },
    directory: remains.directory,
    attribution: target.warehouse.attribute(attributionOf(claims, decision, target)),
    trusted: (filled) => trustedBy(config, filled),
    keepAlive: config.keepAlive,
    // Later steps outlive this process, and of the drivers of dbt 2.x nobody has seen that they ask a URL.
    brokers: isRunMode(config) && dbt?.dbt?.engine === '1.x',
    plugins: dbt?.dbt?.engine !== '2.x',
    streams: host.streams,
    onTrade: (trade) => audit.trade(target, trade),
    owe: () => owe(host, remains),
    leave: async (legacy) => {
      // What only shows how far a step would come leaves nobody behind.
      if (config.until !== undefined) return
      const { issuer, policy } = config
      const decided = await tokens.decided()
      const auditLog = auditPath(config, host)
      const { startKeeper } = await import('./keeper/start.ts')
      await startKeeper(host, legacy, {
        issuer,
        decided,
        auditLog,
        grant: decision.grant?.name,
        policy,
        ...remains,
      })
    },
    remember: (credential) =>
      remember(remains, {
        via: target.via,
        settings: target.settings,
        audience: audienceOf(target),
        issuer: config.issuer,
        credential,
      }),
  })
  // A cancelled job has seconds: revoking (at most 5 of them) and removing begin at once, whatever dbt does. Leaving the block throws what this meets.
  host.signal.addEventListener('abort', () => void access.forget().catch(() => undefined), { once: true })
  return access
}

/** What the other side is asked to trust: of use where a refusal or a stop is explained. */
async function trustedBy(config: Config, target: Target): Promise<Trusted> {
  return (await import('./trust/request.ts')).trustedBy(config, target)
}

function granted(decision: Decision, config: Config): Target {
  const target = decision.grant && config.targets.get(decision.grant.target)
  if (!decision.granted || !target) throw new Denied(decision)
  return target
}

function told(claims: Claims, known: Known): Report {
  return {
    claims,
    decision: known.decision,
    access: known.access,
    result: known.result,
    sentence: known.sentence,
    warnings: known.decision?.warnings ?? [],
  }
}

function factsOf(access: Access): AccessFacts {
  const { target } = access
  return {
    target: target.name,
    warehouse: target.warehouse.type,
    via: target.via,
    identity: access.identity,
    writes: target.bound.describe(),
    history: (query) => target.bound.history(query),
    // A later line of `run` may have bought anew by the time that this is told.
    get expiresAt() {
      return access.expiresAt()
    },
  }
}

function exchangeLine(access: Access): string {
  const until = access.expiresAt()
  const via = access.target.via === 'none' ? 'none needed' : `via ${access.target.via} as ${access.identity}`
  return until ? `${via}, until ${until.toISOString()}` : via
}

function clock(seconds: number): string {
  return new Date(seconds * 1000).toISOString()
}
