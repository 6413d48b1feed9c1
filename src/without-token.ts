import type { Config } from './config.ts'
import { DbtOidcError, type Failure } from './errors.ts'
import type { Host } from './host.ts'
import { publishTokenless } from './publish.ts'
import { explainAbsence } from './token/absent.ts'

/** Why this job gets no ID token; undefined where it does. */
export async function absenceOf(host: Host): Promise<Failure | undefined> {
  const requestUrl = host.env['ACTIONS_ID_TOKEN_REQUEST_URL']
  const requestToken = host.env['ACTIONS_ID_TOKEN_REQUEST_TOKEN']
  if (requestUrl && requestToken) return undefined
  return explainAbsence({
    requestUrl,
    requestToken,
    actor: host.env['GITHUB_ACTOR'],
    eventName: host.env['GITHUB_EVENT_NAME'],
    event: await host.event(),
    repository: host.facts.repository,
  })
}

/** What `without-token` says of a run that can have no token; a missing permission is a mistake and always fails. */
export async function withoutToken(absence: Failure, config: Config, host: Host): Promise<boolean> {
  const excused = absence.code === 'id-token-fork' || absence.code === 'id-token-dependabot'
  if (!excused || config.withoutToken === 'fail') throw new DbtOidcError(absence)
  host.writer.notice(absence.problem, { title: 'dbt-oidc: no ID token' })
  host.output('granted', 'false')
  if (config.withoutToken === 'skip') {
    host.output('result', 'skipped')
    await publishTokenless('skipped', absence.problem, { config, host })
    return true
  }
  const { parseOnly } = await import('./parse-only.ts')
  const ok = await parseOnly(config, host)
  host.output('result', ok ? 'parsed' : 'failure')
  await publishTokenless(ok ? 'parsed' : 'parse-failed', absence.problem, { config, host })
  return ok
}
