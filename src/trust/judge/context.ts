import type { Condition, Way } from '../statement.ts'

/** Claims that tell one run of a repository from another. */
const TELLING: ReadonlySet<string> = new Set([
  'ref',
  'environment',
  'environment_node_id',
  'event_name',
  'workflow',
  'workflow_ref',
  'workflow_sha',
  'job_workflow_ref',
  'job_workflow_sha',
  'ref_type',
  'ref_protected',
  'base_ref',
  'head_ref',
  'sha',
  'actor',
  'actor_id',
])

/** Which runs of a repository come in: all, those of any branch or tag, or fewer. */
export function contextOf({ conditions }: Way): 'any' | 'any ref' | 'some' {
  const subject = conditions.find(({ claim, alsoAbsent }) => claim === 'sub' && alsoAbsent === undefined)
  const other = conditions.some(
    (one) => TELLING.has(one.claim) && one.by !== 'except' && one.alsoAbsent === undefined && !isOpen(one),
  )
  if (other) return 'some'
  if (!subject || subject.by === 'except') return 'any'
  const values = subject.by === 'expression' ? (subject.atMost ?? []) : subject.values
  const each = values.map((value) => ofSubject(value, subject.by === 'equals'))
  return each.find((one) => one === 'any') ?? each.find((one) => one === 'any ref') ?? 'some'
}

function ofSubject(value: string, whole: boolean): 'any' | 'any ref' | 'some' {
  if (whole) return 'some'
  const sure = /^[^*?]*/.exec(value)?.[0] ?? ''
  if (sure === value) return 'some'
  const context = /^repo:[^:]*:(.*)$/s.exec(sure)?.[1]
  if (context === undefined || context.length < 'ref:'.length) return 'any'
  return 'ref:refs/heads/'.startsWith(context) || 'ref:refs/tags/'.startsWith(context) ? 'any ref' : 'some'
}

function isOpen({ by, values }: Condition): boolean {
  return by === 'pattern' && values.some((value) => /^\*+$/.test(value))
}
