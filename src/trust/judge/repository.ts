import { quoted } from '../../policy/visible.ts'
import { parseSub } from '../../policy/subject.ts'
import type { Said } from '../judge.ts'
import type { Reader } from '../reader.ts'
import type { Way } from '../statement.ts'
import { contextOf } from './context.ts'
import { reachOf, type Reach } from './scope.ts'

const IDS = 'gh api repos/OWNER/REPOSITORY --jq \'"\\(.owner.id) \\(.id)"\''

/** Whose runs come in, and which of them. */
export function repositoryFindings(way: Way, reader: Reader): readonly Said[] {
  const reach = reachOf(way)
  if (reach.scope === 'any') return reach.unclear ? [unclear(way)] : [anybody(way, reach, reader)]
  if (reach.scope === 'owner') return reach.unclear ? [unclear(way)] : [openName(reach, reader)]
  return [...(reach.byId ? [] : [byName(way, reader)]), ...openContext(way, reader)]
}

function unclear({ conditions }: Way): Said {
  const texts = conditions.filter(({ by, atMost }) => by === 'expression' && !atMost)
  return {
    code: 'not-understood',
    severity: 'note',
    problem: `Which repository may come in hangs on ${texts.map(({ values }) => values.map(quoted).join(' or ')).join(' and ')}, which is not judged here.`,
    remedy: 'Compare the repository’s id with plain `==`, which everybody can check.',
  }
}

function anybody({ conditions }: Way, { open }: Reach, reader: Reader): Said {
  const subject = conditions.find(({ claim }) => claim === 'sub')
  const paste = reader.write('sub', ['repo:OWNER@OWNER_ID/REPOSITORY@REPOSITORY_ID:environment:ENVIRONMENT'])
  if (conditions.length === 0 || (!subject && reader.sees === 'subject'))
    return {
      code: 'subject-missing',
      severity: 'error',
      problem: 'It asks for no subject: every repository on GitHub comes in.',
      remedy: 'Name the subject in full.',
      paste,
    }
  if (subject && subject.alsoAbsent === undefined && subject.by !== 'except')
    return {
      code: 'owner-open',
      severity: 'error',
      problem: `${open.map(quoted).join(' or ')} leaves open whose repository it is: anybody can make one that fits.`,
      remedy: 'Name owner and repository in full.',
      paste,
    }
  return {
    code: 'any-repository',
    severity: 'error',
    problem: `Any repository on GitHub satisfies its conditions (${conditions.map(({ claim }) => claim).join(', ')}): none of them names the repository${conditions.some(({ claim }) => claim === 'job_workflow_ref') ? ', since a workflow may be called from any' : ''}.`,
    remedy: 'Name the repository by its id as well.',
    paste: reader.sees === 'claims' ? reader.write('repository_id', ['REPOSITORY_ID']) : paste,
  }
}

function openName({ open }: Reach, reader: Reader): Said {
  return {
    code: 'repository-open',
    severity: 'error',
    problem: `${open.map(quoted).join(' or ')} lets in more than one repository: whoever may make one for that owner may come in.`,
    remedy: 'Name the repository in full, with a colon behind it, or by its id.',
    paste: reader.write(reader.sees === 'claims' ? 'repository_id' : 'sub', [
      reader.sees === 'claims'
        ? 'REPOSITORY_ID'
        : 'repo:OWNER@OWNER_ID/REPOSITORY@REPOSITORY_ID:environment:ENVIRONMENT',
    ]),
  }
}

function byName(way: Way, reader: Reader): Said {
  const [subject = ''] = way.conditions.find(({ claim }) => claim === 'sub')?.values ?? []
  const parsed = parseSub(subject)
  const withIds = parsed
    ? `repo:${parsed.owner}@OWNER_ID/${parsed.repo}@REPOSITORY_ID:${parsed.context}`
    : 'repo:OWNER@OWNER_ID/REPOSITORY@REPOSITORY_ID:…'
  return {
    code: 'by-name',
    severity: 'warning',
    problem:
      'The repository is held by its name alone: whoever comes to have the name after a deletion or a rename comes in, and a repository whose subject has ids does not.',
    remedy: `Hold it by its ids (\`${IDS}\` prints them); \`dbt-oidc trust --github\` writes the form of subject that the repository has.`,
    paste:
      reader.sees === 'claims'
        ? reader.write('repository_id', ['REPOSITORY_ID'])
        : reader.write('sub', [withIds]),
  }
}

function openContext(way: Way, reader: Reader): readonly Said[] {
  const context = contextOf(way)
  if (context === 'some') return []
  const paste =
    reader.sees === 'claims'
      ? reader.write('environment', ['ENVIRONMENT'])
      : reader.write('sub', ['repo:OWNER@OWNER_ID/REPOSITORY@REPOSITORY_ID:environment:ENVIRONMENT'])
  return [
    {
      code: context === 'any' ? 'any-run' : 'any-ref',
      severity: 'warning',
      problem:
        context === 'any'
          ? 'Every run of the repository comes in, pull requests and every branch included.'
          : 'Every branch (or tag) comes in, also one that anybody with write access makes up.',
      remedy: 'Name the environment, or the one ref, that is meant.',
      paste,
    },
  ]
}
