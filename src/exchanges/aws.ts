import { exchange } from '../exchange.ts'
import { diagnose, ERRORS } from './aws/diagnosis.ts'
import { audienceOf, placeOf } from './aws/place.ts'
import { settings, type Settings } from './aws/settings.ts'

/** AWS: a token becomes a role session (AssumeRoleWithWebIdentity), and that, where it is wanted, a password for RDS. */
export default exchange<Settings>({
  name: 'aws',
  summary: 'the keys of an IAM role session (AssumeRoleWithWebIdentity)',
  settings,
  audience: (settings, want) => want.audience ?? audienceOf(settings),
  async trade(settings, want, mint, io) {
    const place = placeOf(settings, want)
    const audience = want.audience ?? audienceOf(settings)
    const { assume } = await import('./aws/assume.ts')
    const session = await assume({ settings, place, audience }, mint, io)
    if (want.kind !== 'password') return { kind: 'aws', ...session, region: place.wanted }
    io.mask(session.secretAccessKey)
    io.mask(session.sessionToken)
    const { rdsPassword } = await import('./aws/rds.ts')
    return rdsPassword(want, place, session, io)
  },
  identity: (settings) => settings.chain?.at(-1)?.role ?? settings.role,
  diagnose,
  errors: ERRORS,
  notes: [
    "AWS names the claims beside `aud` and `sub` for github.com's own issuer only; for an enterprise server the trust policy holds what `sub` says, and no more.",
    'A grant for a branch fits jobs without an environment: the subject of a job with one names the environment in place of the branch, so name it in the grant.',
    'No real account has been used yet: the texts of the errors are from public reports.',
  ],
  trust: async (s, want, request) => (await import('./aws/trust.ts')).trust(s, want, request),
  reader: async () => (await import('./aws/read.ts')).reader,
  // Of the command line alone: no run reads it.
  standing: async (settings, _want, _request, tools) =>
    (await import('./aws/standing.ts')).standing(settings, tools),
  terraform: async (s, want, request) => (await import('./aws/terraform.ts')).terraform(s, want, request),
  hosts: (settings, want) => [placeOf(settings, want).host],
  proof: 'our verifier',
  example: { role: 'arn:aws:iam::123456789012:role/dbt-prod', region: 'eu-west-1' },
})
