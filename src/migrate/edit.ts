import { isMap, isScalar, type YAMLMap } from 'yaml'
import { CLOUDS, LOGINS } from './identity.ts'
import type { DbtCommand } from './script.ts'
import { preparedStep, runSteps } from './step-text.ts'
import { endOf, indentAt, linesOf, pairSpan, spanOf, withEdits, type TextEdit } from './text-edit.ts'
import { mapAt, textAt, type Job, type Step, type Workflow } from './workflow.ts'

/** What of a workflow is to go. */
export interface Going {
  /** Variables with credentials that only the profile reads. */
  readonly variables: ReadonlySet<string>
  /** The action, as a step names it. */
  readonly uses: string
  /** Whether all targets of a step are in the policy; another stays as it is. */
  readonly moves: (step: Step) => boolean
  /** What the input `target` is to say for a command. */
  readonly targetOf: (step: Step, command: DbtCommand) => string | undefined
}

/** A workflow as it is proposed, and what is left to a person. */
export interface Edited {
  readonly text: string
  readonly notes: readonly string[]
}

/** The workflow with the action in the place of its dbt steps; everything else stays as it is written. */
export function editedWorkflow(workflow: Workflow, { variables, uses, targetOf, moves }: Going): Edited {
  const { text, root, path } = workflow
  const notes: string[] = []
  const edits: TextEdit[] = [...withoutVariables(text, root, variables)]
  for (const job of workflow.jobs) {
    if (!job.steps.some(moves)) continue
    edits.push(...withoutVariables(text, job.node, variables))
    edits.push(...permitted(text, root, job, (note) => notes.push(`${path}, job ${job.name}: ${note}`)))
    edits.push(...withoutLogins(text, job, (note) => notes.push(`${path}, job ${job.name}: ${note}`)))
    let prepared = false
    for (const step of job.steps) {
      const { script, node } = step
      if (!script || !moves(step)) continue
      const commands = script.commands.map((one) => ({ ...one, target: targetOf(step, one) }))
      const [start, end] = spanOf(text, node)
      if (script.only) {
        edits.push({ start, end, text: runSteps(commands, { text, node, uses, gone: variables }) })
        continue
      }
      const indent = indentAt(text, start)
      const [first] = commands
      const home = first?.projectDir ?? textAt(node, 'working-directory')
      const before = prepared
        ? ''
        : `${preparedStep(first?.target, home, uses, indent)}\n${indent.slice(2)}- `
      const inner = [...withoutVariables(text, node, variables), ...withoutProfiles(text, node)]
      const rest = withEdits(text.slice(0, end), inner).slice(start)
      edits.push({ start, end, text: `${before}${rest}` })
      if (!prepared)
        notes.push(
          `${path}, job ${job.name}: a script does more than call dbt, so the action prepares the job and the script stays; give dbt commands to \`run:\` where you can, then nothing else of the job sees the credential.`,
        )
      prepared = true
    }
  }
  return { text: withEdits(text, edits), notes }
}

/** The profile of the action is found by itself. */
function withoutProfiles(text: string, node: YAMLMap): readonly TextEdit[] {
  const [start, end] = spanOf(text, node.get('run', true))
  return [...text.slice(start, end).matchAll(/ --profiles-dir[ =]\S+/g)].map(({ 0: found, index }) => ({
    start: start + index,
    end: start + index + found.length,
    text: '',
  }))
}

function withoutVariables(text: string, node: YAMLMap, variables: ReadonlySet<string>): readonly TextEdit[] {
  const env = mapAt(node, 'env')
  const gone = env?.items.filter(({ key }) => isScalar(key) && variables.has(String(key.value))) ?? []
  if (!env || gone.length === 0) return []
  if (gone.length === env.items.length) {
    const whole = node.items.find(({ value }) => value === env)
    return whole ? [removed(text, pairSpan(text, whole))] : []
  }
  if (!env.flow) return gone.map((pair) => removed(text, pairSpan(text, pair)))
  const [start, end] = spanOf(text, env)
  const kept = env.items
    .filter((pair) => !gone.includes(pair))
    .map((pair) => text.slice(...pairSpan(text, pair)))
  return [{ start, end, text: `{ ${kept.join(', ')} }` }]
}

function removed(text: string, span: readonly [number, number]): TextEdit {
  const [start, end] = linesOf(text, span)
  return { start, end, text: '' }
}

type Say = (note: string) => void

/** `id-token: write` where the job's permissions are said, and the least where they are not. */
function permitted(text: string, root: YAMLMap, job: Job, say: Say): readonly TextEdit[] {
  for (const node of [job.node, root]) {
    const found: unknown = node.get('permissions', true)
    if (found === undefined) continue
    if (isMap(found) && found.items.length > 0) return withToken(text, found)
    if (isScalar(found) && found.value === 'write-all') return []
    if (node === root) break
    const [start, end] = spanOf(text, found)
    say('its permissions are now contents: read and id-token: write; add what else its steps need.')
    return [{ start, end, text: '{ contents: read, id-token: write }' }]
  }
  const [start] = spanOf(text, job.node)
  const indent = indentAt(text, start)
  say('it says its permissions now, so that it has no others: add what its other steps need.')
  return [
    {
      start,
      end: start,
      text: `permissions:\n${indent}  contents: read\n${indent}  id-token: write\n${indent}`,
    },
  ]
}

function withToken(text: string, permissions: YAMLMap): readonly TextEdit[] {
  const token = permissions.items.find(({ key }) => isScalar(key) && key.value === 'id-token')
  if (token) {
    const [start, end] = spanOf(text, token.value)
    return text.slice(start, end) === 'write' ? [] : [{ start, end, text: 'write' }]
  }
  const [start, end] = spanOf(text, permissions)
  if (permissions.flow) {
    const at = start + text.slice(start, end).replace(/\s*\}$/, '').length
    return [{ start: at, end: at, text: ', id-token: write' }]
  }
  const at = endOf(text, permissions)
  const line = `${indentAt(text, start)}id-token: write\n`
  return [{ start: at, end: at, text: text[at - 1] === '\n' ? line : `\n${line}` }]
}

const USES_OF_LOGIN: Readonly<Record<(typeof CLOUDS)[number], RegExp>> = {
  google: /\b(?:gcloud|gsutil|bq)\b|google-github-actions\/(?!auth@)/,
  aws: /\baws\b|aws-actions\/(?!configure-aws-credentials@)/,
  azure: /\baz\b|azure\/(?!login@)/i,
}

/** A step that logs the whole job in goes where nothing else of the job is seen to use it. */
function withoutLogins(text: string, { steps }: Job, say: Say): readonly TextEdit[] {
  return CLOUDS.flatMap((cloud) => {
    const logins = steps.filter(({ uses }) => LOGINS[cloud].test(uses))
    if (logins.length === 0) return []
    const used = USES_OF_LOGIN[cloud]
    const other = steps.find(
      (step) =>
        !logins.includes(step) && !step.script && used.test(`${step.uses} ${textAt(step.node, 'run')}`),
    )
    if (other) {
      say(`the login of ${cloud} stays, since another step uses it: \`${nameOf(other)}\`.`)
      return []
    }
    return logins.map((login) => removedStep(text, login))
  })
}

function removedStep(text: string, { node }: Step): TextEdit {
  const [start, end] = spanOf(text, node)
  const [from, to] = linesOf(text, [start, end])
  return { start: from, end: to, text: '' }
}

function nameOf({ node, uses }: Step): string {
  return textAt(node, 'name') || uses || (textAt(node, 'run').split('\n')[0] ?? '')
}
