import type { Writer } from '../../report/writer.ts'

/** What is said of a step and its inputs, and what takes its place where there is neither. */
const STEPS: readonly (readonly [RegExp, string])[] = [
  [
    /The step has (\w+), but dbt sees only what it needs\. Add to the inputs of this step:\n {2}env: \w+/g,
    '$1 is set, but dbt sees only what it needs. Name it: `--env $1`.',
  ],
  [/The step has no variable (\w+)\. Add it to `env:` of the step\./g, 'The variable $1 is not set. Set it.'],
  [
    /The step has no variable (\w+)\. Add it to `env:` of the step, and to its inputs:\n {2}env: \w+/g,
    'The variable $1 is not set. Set it, and name it: `--env $1`.',
  ],
  [/ \(`env:` of the step or job\)/g, ''],
  [/their values come from the step/g, 'their values come from the environment'],
  [/The environment of the step would/g, 'The environment would'],
  [/Take these variables away from the step; the action sets/g, 'Unset these variables; this command sets'],
  [/ in a step before this one, or add the input `install: [^`]*`/g, ' before'],
  [/ in a step before this one/g, ' by itself'],
  [/before this step/g, 'before'],
  [/the input `(config|target|project-dir|keep-alive|preflight|until|env|audit-log)`/g, '`--$1`'],
  [/is not set in this step/g, 'is not set'],
  [/Give it to the step: `env: [^`]*`/g, 'Set it'],
  [/HTTPS_PROXY of the step/g, 'HTTPS_PROXY'],
  [/A proxy is for the step to name, in HTTPS_PROXY\./g, 'A proxy is named in HTTPS_PROXY.'],
  [/let the step through/g, 'let this command through'],
  [/hosts: the step reaches/g, 'hosts: this command reaches'],
  [/The lines of this step above say why/g, 'The lines above say why'],
  [/Look for the step that put it there/g, 'Look for what put it there'],
]

/** A text of the sentence for somebody who has written no step. */
export function outsideOfSteps(text: string): string {
  return STEPS.reduce((said, [of, instead]) => said.replace(of, instead), text)
}

/** The writer of a job whose lines speak of no step; what dbt itself prints passes as it is. */
export function withoutSteps(writer: Writer): Writer {
  return {
    ...writer,
    line: (text, tone) => writer.line(outsideOfSteps(text), tone),
    notice: (message, place) => writer.notice(outsideOfSteps(message), place),
    warning: (message, place) => writer.warning(outsideOfSteps(message), place),
    error: (message, place) => writer.error(outsideOfSteps(message), place),
  }
}
