import { formatCommand, readCommand, unescapeData, type Properties } from './commands.ts'
import { foreignText, type Foreign } from './foreign.ts'
import { formsOf } from './forms.ts'
import { neutralise } from './neutralise.ts'
import { captureLines, type Stream } from './capture.ts'
import { createGate } from './gate.ts'
import { createSecrets, type Secrets } from './scrub.ts'

export type { Foreign } from './foreign.ts'

/** What the writer needs of the process: where text goes, whether colours are welcome, and chance. */
export interface Output {
  readonly write: (text: string) => void
  /** Whoever reads may be slower than we write: settles when there is room again. Without: there always is. */
  readonly room?: () => Promise<void> | undefined
  /** Settles when nothing waits to be read any more, or never will be: whether all was read. */
  readonly allRead?: () => Promise<boolean>
  readonly colour: boolean
  /** Nobody reads commands there: they are said in words, and a secret is hidden by the writer alone. */
  readonly inWords?: boolean
  /** 64 fresh hexadecimal digits at each call. */
  readonly random: () => string
}

/** How a line of ours is meant. */
export type Tone = 'plain' | 'quiet' | 'strong' | 'good' | 'bad'

/** Where an annotation belongs. */
export interface Place {
  readonly title?: string | undefined
  readonly file?: string | undefined
  readonly line?: number | undefined
}

/** The one owner of stdout: everything that the step prints goes through one of these. */
export interface Writer {
  /** A line of ours (or several); foreign text in it cannot become a command. */
  line(text: string, tone?: Tone): void
  /** A workflow command, escaped. */
  command(name: string, properties: Properties, data: string): void
  /** Opens a log group; an open one is closed first, since groups do not nest. */
  group(title: string): void
  endGroup(): void
  notice(message: string, place?: Place): void
  warning(message: string, place?: Place): void
  error(message: string, place?: Place): void
  /** Hides a secret and its usual forms from the log, from everything that passes this writer, and from `scrub`. */
  readonly mask: (secret: string) => void
  /** A text for a file or a summary, without the secrets. */
  readonly scrub: (text: string) => string
  /** Lets the bytes of a child process pass, unable to give commands, until `end`. One at a time. */
  foreign(): Foreign
  /** Undefined while the reader keeps up; else to be awaited before more is written than has to be. */
  room(): Promise<void> | undefined
  /** To be awaited before the process ends, since what nobody has read by then is lost. False where it is lost already. */
  allRead(): Promise<boolean>
  /** Takes what others write to the stream directly, until disposed of: it goes through the same discipline. */
  own(stream: Stream): Disposable
  /** Closes what is open: foreign text and group. */
  close(): void
}

const PAINT: Readonly<Record<Tone, string>> = { plain: '', quiet: '2', strong: '1', good: '32', bad: '31' }

// What the toolkit prints as commands on stdout and what a step may print at all; files carry everything else.
const TOOLKIT = new Set(['debug', 'notice', 'warning', 'error', 'group', 'endgroup'])

/** Makes the writer. Nothing else may print while it lives. */
export function createWriter(output: Output): Writer {
  const gate = createGate(output)
  const secrets = createSecrets()
  let open: Foreign | undefined
  const pause = (): void => open?.pause()
  const aside = (lines: readonly string[]): void => gate.aside(lines, pause)
  const command: Writer['command'] = (name, properties, data) => {
    if (output.inWords) return inWords(name, secrets.scrub(data)).forEach((text) => line(text))
    // Once more before it is escaped: a secret with a percent sign looks different afterwards.
    aside([secrets.scrub(formatCommand(name, properties, secrets.scrub(data)))])
  }
  const line: Writer['line'] = (text, tone = 'plain') => {
    pause()
    gate.endLine()
    gate.emit(`${paint(neutralise(secrets.scrub(text)), output.colour ? PAINT[tone] : '')}\n`)
  }
  const mask = masks(secrets, output.inWords ? () => undefined : aside)
  const groups = grouping(command)
  return {
    line,
    command,
    mask,
    ...groups,
    ...annotations(command),
    scrub: (text) => secrets.scrub(text),
    room: () => output.room?.(),
    async allRead() {
      return (await output.allRead?.()) ?? true
    },
    foreign() {
      if (open) throw new Error('Foreign text is open already.')
      gate.stop()
      open = foreignText({ ...gate, scrubber: () => secrets.stream() }, () => {
        open = undefined
        gate.resume()
      })
      return open
    },
    own: (stream) => captureLines(stream, direct({ line, mask, aside, secrets }), () => gate.emitting()),
    close() {
      open?.end()
      groups.endGroup()
    },
  }
}

function paint(text: string, code: string): string {
  return code === '' ? text : text.replace(/^.+$/gm, `\u001b[${code}m$&\u001b[0m`)
}

/** What a command would have shown. */
function inWords(name: string, data: string): readonly string[] {
  if (name === 'group') return [`▸ ${data}`]
  return ['notice', 'warning', 'error'].includes(name) ? [`${name}: ${data}`] : []
}

function annotations(command: Writer['command']): Pick<Writer, 'notice' | 'warning' | 'error'> {
  return {
    notice: (message, place = {}) => command('notice', { ...place }, message),
    warning: (message, place = {}) => command('warning', { ...place }, message),
    error: (message, place = {}) => command('error', { ...place }, message),
  }
}

function grouping(command: Writer['command']): Pick<Writer, 'group' | 'endGroup'> {
  let open = false
  const endGroup = (): void => {
    if (open) command('endgroup', {}, '')
    open = false
  }
  return {
    endGroup,
    group(title) {
      endGroup()
      command('group', {}, title)
      open = true
    },
  }
}

function masks(secrets: Secrets, aside: (lines: readonly string[]) => void): Writer['mask'] {
  const masked = new Set<string>()
  return (secret) => {
    const forms = formsOf(secret)
    const fresh = forms.masks.filter((form) => !masked.has(form))
    for (const form of fresh) masked.add(form)
    for (const form of forms.all) secrets.add(form)
    if (fresh.length > 0) aside(fresh.map((form) => formatCommand('add-mask', {}, form)))
  }
}

/** What to do with a line that somebody else wrote to stdout. */
function direct(writer: {
  readonly line: Writer['line']
  readonly mask: Writer['mask']
  readonly aside: (lines: readonly string[]) => void
  readonly secrets: Secrets
}): (text: string) => void {
  return (text) => {
    const found = readCommand(text)
    if (found?.name === 'add-mask') writer.mask(unescapeData(found.data))
    else if (found && TOOLKIT.has(found.name)) writer.aside([writer.secrets.scrub(text)])
    else writer.line(text)
  }
}
