import { quoted } from '../../policy/visible.ts'
import type { Said } from '../judge.ts'
import type { Reader } from '../reader.ts'
import type { Way } from '../statement.ts'

const GITHUB = 'https://token.actions.githubusercontent.com'

/** What is wrong with whose tokens are taken. */
export function issuerFindings(
  { issuer }: Way,
  reader: Pick<Reader, 'write' | 'issuerStands'>,
  issuers: readonly string[],
): readonly Said[] {
  if (issuer === undefined && reader.issuerStands !== undefined) return []
  const remedy = "Name GitHub's issuer as it stands in the tokens."
  const paste = reader.write('iss', [issuers[0] ?? GITHUB])
  if (issuer === undefined || issuer === '')
    return [
      {
        code: 'issuer-missing',
        severity: 'error',
        problem: 'It names no issuer: whoever else is trusted there can say the same of his tokens.',
        remedy,
        paste,
      },
    ]
  if (issuers.includes(issuer) || isGitHubs(issuer)) return []
  if (!/github/i.test(issuer))
    return [
      {
        code: 'issuer-foreign',
        severity: 'warning',
        problem: `It takes tokens of ${quoted(issuer)}, which is not GitHub; what they say is not judged here.`,
        remedy: 'Remove it if you do not know that issuer.',
      },
    ]
  return [
    {
      code: 'issuer-alike',
      severity: 'error',
      problem: `${quoted(issuer)} looks like GitHub's issuer and is another text: GitHub's tokens do not fit, and somebody else's may.`,
      remedy,
      paste,
    },
  ]
}

/** github.com with or without an enterprise's own path, GHE.com, and an enterprise server. */
function isGitHubs(issuer: string): boolean {
  return /^https:\/\/(?:token\.actions\.githubusercontent\.com(?:\/[A-Za-z0-9_-]+)?|token\.actions\.[a-z0-9-]+\.ghe\.com|[a-z0-9.-]+\/_services\/token)$/.test(
    issuer,
  )
}
