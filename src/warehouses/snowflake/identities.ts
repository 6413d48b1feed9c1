import { fail } from '../../errors.ts'
import { identifier, sql, verbatim, type Fragment } from '../../trust/quote.ts'
import { nameOfSubject } from '../../trust/naming.ts'
import { subjectsOf } from '../../trust/rules.ts'
import type { TrustRequest } from '../../trust.ts'

/** Named identities of one user (release notes of 2026-10-12), beside the default one. */
const MOST_NAMED = 10

/** What Snowflake takes for a subject. */
const LONGEST_SUBJECT = 255

/** The subjects of a user: one as its default identity, each further one under a name. */
export interface Identities {
  readonly first: string
  readonly named: readonly { readonly name: string; readonly subject: string }[]
}

/** Snowflake documents no wildcard for SUBJECT, so a pattern would be compared as it is written and never fit. */
export function identitiesOf(request: TrustRequest): Identities {
  const open = request.rules.find(({ exact }) => !exact)
  if (open)
    fail({
      code: 'configuration',
      problem: `The grant ${open.grant} fits more than one subject (${open.subjects.join(', ')}), and Snowflake compares the subject as a whole.`,
      remedy: `Give the grant a literal \`environment\`, \`ref\` or \`event_name: pull_request\`; one environment with its own deployment branches does for many refs.`,
    })
  const [first = '', ...more] = subjectsOf(request.rules)
  if (more.length > MOST_NAMED)
    fail({
      code: 'configuration',
      problem: `The target ${request.target} has ${more.length + 1} subjects; a Snowflake user can have ${MOST_NAMED + 1}.`,
      remedy: 'Use one environment for what is granted alike, or split the target.',
    })
  const long = [first, ...more].find((subject) => subject.length > LONGEST_SUBJECT)
  if (long !== undefined)
    fail({
      code: 'configuration',
      problem: `The subject ${long} has ${long.length} characters, and Snowflake takes ${LONGEST_SUBJECT}.`,
      remedy: 'Use an environment or a branch with a shorter name.',
    })
  return { first, named: more.map((subject) => ({ name: nameOfSubject(request, subject), subject })) }
}

/** How an identity is described, in CREATE USER as in ALTER USER … ADD WORKLOAD IDENTITY. */
export function loginBy(subject: string, { issuer, audiences }: TrustRequest): Fragment {
  return verbatim(sql`TYPE = OIDC
    ISSUER = ${issuer}
    SUBJECT = ${subject}
    OIDC_AUDIENCE_LIST = (${audiences})`)
}

/** The statements that add the named identities, without a semicolon. */
export function addNamed(user: Fragment, identities: Identities, request: TrustRequest): readonly string[] {
  return identities.named.map(
    ({ name, subject }) => sql`ALTER USER ${user} ADD WORKLOAD IDENTITY ${identifier(name)}
    ${loginBy(subject, request)}`,
  )
}
