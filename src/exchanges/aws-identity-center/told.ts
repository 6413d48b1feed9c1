import { fail } from '../../errors.ts'
import { heldBy } from '../../trust/held.ts'
import { subjectsOf, type TrustRule } from '../../trust/rules.ts'
import type { TrustDocument, TrustRequest } from '../../trust.ts'
import { ISSUER_NAME } from './find.ts'
import type { Settings } from './settings.ts'

/** What Identity Center takes for the name of a user. */
const LONGEST = 128

/** Claims of a rule that are compared before a token comes to Identity Center. */
export type Compared = (rule: TrustRule) => readonly string[]

const AS_IT_IS =
  'A user has the rights of all of its groups, and takes them at once: leave `identity.group` as it is, and change what the group may do in the warehouse.'

/** What the instance is told of whose tokens it may take, however it is written. */
export function toldOfIssuer({ instance }: Settings, _request: TrustRequest) {
  return {
    name: ISSUER_NAME,
    claim: 'sub',
    attribute: 'userName',
    title: `Trusted token issuer in ${instance}`,
    lines: [
      'Experimental: GitHub vouches for a workload and not for a person. It compares the whole subject with the names of users.',
    ],
  }
}

/**
 * What it is told of the users that stand for runs: one for each subject, all in one group. Where a role trades for them, it
 * has seen the claims that it compares.
 */
export function toldOfUsers({ instance, group }: Settings, request: TrustRequest, byRole: Compared) {
  const subjects = exactSubjects(request)
  const bySubject = request.rules[0]?.heldBySubject.filter((claim) =>
    request.rules.every(({ heldBySubject }) => heldBySubject.includes(claim)),
  )
  const { heldThere, checkedHere, byGrant } = heldBy(request.rules, (rule) => [
    ...rule.heldBySubject,
    ...byRole(rule),
  ])
  const before = heldThere.filter((claim) => !bySubject?.includes(claim))
  const owns: TrustDocument['owns'] = [
    {
      what: `the group ${group} of ${instance}`,
      rule: JSON.stringify(subjects),
      remedy: 'Give each target a group of its own: who is in it has all of its rights.',
      beside: AS_IT_IS,
    },
    ...subjects.map((subject) => ({
      what: `the user ${subject} of ${instance}`,
      rule: group,
      remedy:
        'Let the grants of each target name an environment (or ref) of its own: a user has the rights of all of its groups.',
      beside: AS_IT_IS,
    })),
  ]
  return {
    subjects,
    title: `Users of the group ${group} in IAM Identity Center`,
    lines: [
      `Users that stand for the runs of the target ${request.target}, each named as the subject of their tokens, and their group ${group}.`,
      'They need no password and no other group: nobody signs in as them.',
      `Held there by the subject: ${bySubject?.join(', ') || 'nothing but the repository'}.`,
      ...(before.length === 0 ? [] : [`Held before, by the role that trades: ${before.join(', ')}.`]),
      `Checked by this action only: ${checkedHere.join(', ') || 'nothing'}.`,
      ...byGrant,
      'A directory that is synchronised from elsewhere (SCIM) takes its users from there: make them there, under the same names.',
    ],
    held: { heldThere, checkedHere },
    owns,
  }
}

function exactSubjects(request: TrustRequest): readonly string[] {
  const { rules, target } = request
  const vague = rules.find(({ exact }) => !exact)
  const subjects = subjectsOf(rules)
  const problem = vague
    ? `The name of a user is one whole subject, and the grant ${vague.grant} of ${target} fits every subject like \`${vague.subjects.find((one) => one.includes('*')) ?? ''}\`.`
    : subjects
        .filter((one) => one.length > LONGEST || one.includes(' '))
        .map(
          (one) =>
            `\`${one}\` cannot be the name of a user: Identity Center takes ${LONGEST} characters without spaces.`,
        )[0]
  if (problem === undefined) return subjects
  return fail({
    code: 'configuration',
    problem,
    remedy:
      'Let the grant name one `environment` (or one `ref`) in full, without `*`; the environment can allow further branches on GitHub.',
  })
}
