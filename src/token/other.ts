import { DbtOidcError } from '../errors.ts'
import type { OtherIssuer } from '../other-issuer.ts'
import { NOT_USED } from './parts.ts'

/** Where an endpoint or a server of GitHub is named, and what takes its place for another issuer. */
const GITHUBS: readonly (readonly [RegExp, string])[] = [
  [/The text that GitHub's endpoint gave as an ID token/, 'What was given as the token'],
  [/which no token of GitHub (?:does|has)/, 'which is not taken here'],
]

/** The same refusal for somebody whose token is not GitHub's: his remedies are others. */
export function inOtherWords(error: unknown, { name, url }: OtherIssuer): unknown {
  if (!(error instanceof DbtOidcError)) return error
  const { code, details, cause } = error
  const problem = GITHUBS.reduce((text, [from, to]) => text.replace(from, to), error.problem)
  return new DbtOidcError({
    code,
    problem,
    details,
    cause,
    remedy: REMEDIES[code]?.(name, url) ?? (error.remedy === NOT_USED ? ANOTHER : error.remedy),
  })
}

const ANOTHER = 'The token is not used. Have the job be given one for one audience, anew.'

const REMEDIES: Partial<Record<DbtOidcError['code'], (name: string, url: string) => string>> = {
  'token-format': () =>
    'Check what --token-file, --token-variable or --token-url names: one JWT, signed with RS256, and nothing else.',
  'token-signature': (_, url) =>
    `The token is not used. Find out who has made it: its key has the name of one of ${url}, and its signature is another's.`,
  keys: (name, url) =>
    `Check that ${url}/.well-known/openid-configuration can be read from here, and that \`issuers.${name}.url\` is the issuer of this very job.`,
  'token-changed': () => 'Start the job anew: a run keeps to the identity that its grant was decided on.',
}
