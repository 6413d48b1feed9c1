import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { heading } from '../../trust/heading.ts'
import { heldBy } from '../../trust/held.ts'
import { comment } from '../../trust/quote.ts'
import { subjectsOf } from '../../trust/rules.ts'

/** What a server that takes GitHub's token itself has to compare; how that is written only its own documentation tells. */
export function trust(request: TrustRequest): readonly TrustDocument[] {
  const { issuer, audiences, rules, via, target } = request
  // An exchange has documents of its own, and the server behind it nothing to do with tokens of GitHub.
  if (via !== 'direct') return []
  const held = heldBy(rules, (rule) => rule.heldBySubject)
  const text = comment('#', [
    ...heading(request, held),
    'The server has to compare all of these, by whatever names it has for them:',
    `Trusted issuer: ${issuer}`,
    `Its keys: ${issuer}/.well-known/jwks (RS256 only)`,
    ...audiences.map((audience) => `Audience: ${audience}`),
    ...subjectsOf(rules).map((subject) => `Trusted subject: ${subject}`),
  ])
  return [
    {
      title: `The server of ${target}: what it has to compare`,
      language: 'properties',
      text: `${text}\n`,
      heldThere: held.heldThere,
      checkedHere: held.checkedHere,
    },
  ]
}
