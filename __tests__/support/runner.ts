import { commandNames, linesOf, parseLine, type Command } from './runner-commands.ts'
import { createMasker, type Masker } from './runner-masks.ts'

export { parseCommands, type Command } from './runner-commands.ts'
export { parseFileCommands } from './runner-files.ts'

/** What a runner makes of the output of a step. */
export interface RenderedLog {
  readonly lines: readonly string[]
  readonly text: string
  /** What was executed, in order; the end of a stop is `resume-commands` with the token. */
  readonly commands: readonly Command[]
  /** Values that were hidden from their place on, without their encodings. */
  readonly masks: readonly string[]
  /** A command could not be carried out, which fails the step whatever its exit code. */
  readonly failed: boolean
  /** Commands were still stopped at the end. */
  readonly stopped: boolean
}

/** What a runner knows besides the output. */
export interface RenderOptions {
  /** Shows debug lines, as `ACTIONS_STEP_DEBUG` does. */
  readonly debug?: boolean
  /** Values that the job hides already, such as its secrets. */
  readonly masks?: readonly string[]
}

interface State {
  readonly options: RenderOptions
  readonly lines: string[]
  readonly commands: Command[]
  readonly masker: Masker
  readonly names: Set<string>
  token: string | undefined
  echo: boolean
  failed: boolean
}

const issueLimit = 4096
const silent: ReadonlySet<string> = new Set(['add-mask', 'debug', 'error', 'notice', 'warning'])

/** Renders the output of a step: commands executed, values hidden from the place of their `add-mask` on. */
export function renderLog(output: string | readonly string[], options: RenderOptions = {}): RenderedLog {
  const state: State = {
    options,
    lines: [],
    commands: [],
    masker: createMasker(),
    names: new Set(commandNames),
    token: undefined,
    echo: false,
    failed: false,
  }
  for (const value of options.masks ?? []) addMask(state, value)
  for (const line of typeof output === 'string' ? linesOf(output) : output) take(state, line)
  return {
    lines: state.lines,
    text: state.lines.map((line) => `${line}\n`).join(''),
    commands: state.commands,
    masks: state.masker.values,
    failed: state.failed,
    stopped: state.token !== undefined,
  }
}

function take(state: State, line: string): void {
  const command = parseLine(line, state.names)
  if (command && (state.token === undefined ? execute(state, line, command) : resume(state, line, command)))
    return
  // Marks by which the runner itself folds its log.
  write(state, line.replaceAll(/##\[(start|end)-action/g, '##[\\$1-action'))
}

function resume(state: State, line: string, command: Command): boolean {
  if (state.token === undefined || command.name !== state.token.toLowerCase()) return false
  state.names.delete(state.token.toLowerCase())
  state.commands.push({ name: 'resume-commands', properties: {}, data: state.token })
  state.token = undefined
  write(state, line)
  return true
}

function execute(state: State, line: string, command: Command): true {
  if (state.echo && !silent.has(command.name)) write(state, line)
  const problem =
    command.name === 'stop-commands' ? stop(state, line, command.data) : carryOut(state, command)
  if (problem === undefined) {
    state.commands.push(command)
  } else {
    state.failed = true
    const shown = silent.has(command.name) ? command.name : line
    issue(state, 'error', `Unable to process command '${shown}' successfully.`)
    issue(state, 'error', problem)
  }
  return true
}

function stop(state: State, line: string, token: string): string | undefined {
  const taken =
    token === '' || state.names.has(token.toLowerCase()) || token.toLowerCase() === 'pause-logging'
  if (taken) return 'The token of stop-commands must be neither empty nor a command.'
  state.token = token
  state.names.add(token.toLowerCase())
  if (token.length > 6) state.masker.add(token)
  write(state, line)
  return undefined
}

/** Returns what went wrong, if anything did. */
function carryOut(state: State, { name, properties, data }: Command): string | undefined {
  switch (name) {
    case 'add-mask':
      if (data.trim() === '') issue(state, 'warning', "Can't add secret mask for empty string.")
      else addMask(state, data)
      return undefined
    case 'debug':
      if (state.options.debug) for (const line of data.split(/\r?\n/)) write(state, `##[debug]${line}`)
      return undefined
    case 'error':
    case 'notice':
    case 'warning':
      issue(state, name, data)
      return undefined
    case 'group':
    case 'endgroup':
      write(state, `##[${name}]${name === 'group' ? data : ''}`)
      return undefined
    case 'echo':
      return echo(state, data)
    case 'save-state':
    case 'set-output':
      issue(state, 'warning', `The \`${name}\` command is deprecated.`)
      return properties.name === undefined
        ? `Required field 'name' is missing in ##[${name}] command.`
        : undefined
    case 'add-path':
    case 'set-env':
      return `The \`${name}\` command is disabled.`
    default:
      return undefined
  }
}

function addMask(state: State, data: string): void {
  state.masker.add(data)
  for (const line of data.split(/[\r\n]/)) state.masker.add(line.trim())
}

function echo(state: State, data: string): string | undefined {
  const wanted = data.trim().toLowerCase()
  if (wanted !== 'on' && wanted !== 'off') return `Invalid echo command value '${data}'.`
  state.echo = wanted === 'on'
  return undefined
}

function issue(state: State, type: string, message: string): void {
  const text = state.masker.mask(message).slice(0, issueLimit)
  if (text !== '') write(state, `##[${type}]${text}`)
}

function write(state: State, text: string): void {
  state.lines.push(...state.masker.mask(text).split('\n'))
}
