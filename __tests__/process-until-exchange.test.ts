import { describe, expect, test } from '@jest/globals'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { apply } from './support/aws/account.ts'
import { ACCOUNT, openSite, ROLE } from './support/aws/site.ts'
import { sendJson } from './support/issuer-server.ts'
import { openJob } from './support/job.ts'
import { placesOf, scanForLeaks } from './support/leaks.ts'
import { playOAuth } from './support/oauth-server.ts'
import { logOf, remainsOf } from './support/process.ts'
import type { StepResult } from './support/step.ts'

/** What the step has printed in the group of `until`. */
function explained(step: StepResult): readonly string[] {
  const lines = logOf(step).split('\n')
  const start = lines.indexOf('##[group]dbt-oidc: until exchange')
  return lines.slice(start + 1, lines.indexOf('##[endgroup]', start)).map((line) => line.trimEnd())
}

/** The lines of one word, with its mark. */
function word(lines: readonly string[], name: string): string {
  const start = lines.findIndex((line) => line.slice(2).startsWith(`${name} `))
  const next = lines.findIndex((line, at) => at > start && /^[✓!✗·] /.test(line))
  return lines.slice(start, next === -1 ? undefined : next).join('\n')
}

const REDSHIFT = {
  connection: JSON.stringify({
    type: 'redshift',
    method: 'iam_role',
    host: 'analytics.123456789012.eu-west-1.redshift-serverless.amazonaws.com',
    port: 5439,
    dbname: 'dev',
    schema: 'analytics',
  }),
  identity: JSON.stringify({ via: 'aws', role: ROLE, region: 'eu-west-1' }),
  environment: 'production',
  claims: '{ ref: refs/heads/main }',
  until: 'exchange',
}

describe('until: exchange', () => {
  test('explains each word, with what AWS says of who we are, and leaves nothing behind', async () => {
    const directory = mkdtempSync(join(tmpdir(), 'until-'))
    try {
      // Neither dbt nor a project is there: it is the identity that is to be proven.
      await using site = await openSite(directory)
      site.issuer.claims({ environment: 'production' })
      for (const { language, text } of await site.documents(REDSHIFT))
        if (language === 'sh' && text.includes('create-')) apply(site.cloud, text, ACCOUNT)
      await using step = await site.step(REDSHIFT, {
        prepare: ({ workspace }) => rmSync(join(workspace, 'dbt_project.yml')),
      })
      const lines = explained(step)
      expect([step.exitCode, remainsOf(step)]).toEqual([0, []])
      expect(lines.filter((line) => /^\S/.test(line)).map((line) => line.slice(0, 11).trimEnd())).toEqual([
        '✓ token',
        '✓ claims',
        '✓ grant',
        '✓ exchange',
        '✓ profile',
      ])
      expect(word(lines, 'token')).toMatch(
        /for sts\.amazonaws\.com, signed by http.*; lives 300 s, ends in \d+ s/,
      )
      expect(word(lines, 'claims')).toContain('sub "repo:o/r:environment:production"')
      expect(word(lines, 'grant')).toMatch(/✓ environment +production +production/)
      const exchange = word(lines, 'exchange')
      expect(exchange).toContain(`via aws as ${ROLE}, with a token for sts.amazonaws.com`)
      expect(exchange).toMatch(/✓ AWS account +123456789012\n +✓ role +dbt-prod\n/)
      expect(exchange).toContain('✓ sub  "repo:o/r:environment:production"')
      expect(exchange).toContain('✓ ref  "refs/heads/main"')
      expect(exchange).toMatch(
        /Role dbt-prod in account 123456789012: holds repository, environment; this action alone checks ref, event_name/,
      )
      expect(word(lines, 'profile')).toMatch(
        /Redshift: dev\.analytics on analytics[^]*dbt gets role credentials: /,
      )
      expect(step.summary).toContain(`✓ exchange  via aws as ${ROLE}`)
      const secrets = [...site.cloud.sessions.values()].map(({ secretAccessKey }) => secretAccessKey)
      expect(secrets).toHaveLength(1)
      const known = { secret: secrets[0] ?? '', token: site.issuer.minted[0] ?? '' }
      expect(scanForLeaks(known, placesOf([step]))).toEqual([])
    } finally {
      rmSync(directory, { recursive: true, force: true })
    }
  })

  test('reads who we are in an access token that is a JWT, and gives it back', async () => {
    await using job = await openJob({}, {}, { 'dbt-trino': '1.11.0' })
    const server = playOAuth(job.issuer)
    const access = job.issuer.sign({
      iss: 'https://as.acme.example',
      sub: 'svc-dbt',
      azp: 'dbt',
      scp: ['a', 'b'],
    })
    server.next.push((res) => sendJson(res, { access_token: access, token_type: 'Bearer', expires_in: 600 }))
    server.trust({
      issuer: job.issuer.issuer,
      keys: `${job.issuer.issuer}/.well-known/jwks`,
      audience: server.tokenUrl,
      subjects: ['repo:o/r:ref:refs/heads/main'],
    })
    const identity = {
      via: 'oauth',
      'token-url': server.tokenUrl,
      grant: 'client-credentials',
      'client-id': 'dbt',
      'revocation-url': server.revocationUrl,
    }
    await using step = await job.step({
      inputs: {
        connection: '{ type: trino, host: localhost, database: lake, schema: dbt }',
        identity: JSON.stringify(identity),
        ref: 'refs/heads/main',
        until: 'exchange',
      },
    })
    const exchange = word(explained(step), 'exchange')
    expect([step.exitCode, server.revoked, remainsOf(step)]).toEqual([0, [access], []])
    expect(exchange).toMatch(
      /✓ iss +https:\/\/as\.acme\.example\n +✓ sub +svc-dbt\n +✓ azp +dbt\n +✓ scp +a b\n/,
    )
    expect(scanForLeaks({ access, token: job.issuer.minted[0] ?? '' }, placesOf([step]))).toEqual([])
  })
})
