import { fail } from '../../errors.ts'
import { identifier, sql, verbatim, type Fragment } from '../../trust/quote.ts'
import { nameOfSubject } from '../../trust/naming.ts'
import { subjectsOf, wholeSubject } from '../../trust/rules.ts'
import type { TrustRequest } from '../../trust.ts'

/** Named identities of one user (release notes of 2026-10-12), beside the default one. */
const MOST_NAMED = 10

/** What Snowflake takes for a subject. */
const LONGEST_SUBJECT = 255

/** The subjects of a user: one as its default identity, each further one under a name. */
export interface Identities {
  readonly first: string
  readonly named: readonly Named[]
}

/** An identity under a name: what it takes cannot be changed, so that each audience has one of its own. */
export interface Named {
  readonly name: string
  readonly subject: string
  readonly audience: string
}

/** Snowflake documents no wildcard for SUBJECT, so a pattern would be compared as it is written and never fit. */
export function identitiesOf(request: TrustRequest): Identities {
  const open = request.rules.find(({ exact }) => !exact)
  if (open)
    fail({
      code: 'configuration',
      problem: `The grant ${open.grant} fits more than one subject (${open.subjects.join(', ')}), and Snowflake compares the subject as a whole.`,
      remedy: wholeSubject(
        open,
        'Give the grant a literal `environment`, `ref` or `event_name: pull_request`; one environment with its own deployment branches does for many refs.',
      ),
    })
  const [first = '', ...more] = subjectsOf(request.rules)
  const times = request.audiences.length
  if (more.length * times > MOST_NAMED)
    fail({
      code: 'configuration',
      problem: `The target ${request.target} has ${more.length + 1} subjects${times === 1 ? '' : ` for ${times} audiences`}; a Snowflake user can have ${Math.floor(MOST_NAMED / times) + 1}.`,
      remedy: 'Use one environment for what is granted alike, or split the target.',
    })
  const long = [first, ...more].find((subject) => subject.length > LONGEST_SUBJECT)
  if (long !== undefined)
    fail({
      code: 'configuration',
      problem: `The subject ${long} has ${long.length} characters, and Snowflake takes ${LONGEST_SUBJECT}.`,
      remedy: 'Use an environment or a branch with a shorter name.',
    })
  return {
    first,
    named: more.flatMap((subject) =>
      request.audiences.map((audience) => ({
        name: nameOfSubject(request, subject, audience),
        subject,
        audience,
      })),
    ),
  }
}

/** How an identity is described, in CREATE USER as in ALTER USER … ADD WORKLOAD IDENTITY. */
export function loginBy(
  subject: string,
  { issuer, audiences }: Pick<TrustRequest, 'issuer' | 'audiences'>,
): Fragment {
  return verbatim(sql`TYPE = OIDC
    ISSUER = ${issuer}
    SUBJECT = ${subject}
    OIDC_AUDIENCE_LIST = (${audiences})`)
}

/** The statement that adds a named identity, without a semicolon. */
export function addNamed(
  user: Fragment,
  { name, subject, audience }: Named,
  { issuer }: TrustRequest,
): string {
  return sql`ALTER USER ${user} ADD WORKLOAD IDENTITY ${identifier(name)}
    ${loginBy(subject, { issuer, audiences: [audience] })}`
}

/** The statement that takes it away, without a semicolon. */
export function removeNamed(user: Fragment, { name }: Named): string {
  return sql`ALTER USER ${user} REMOVE WORKLOAD IDENTITY ${identifier(name)}`
}
