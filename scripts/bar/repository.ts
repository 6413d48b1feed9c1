import { lastReproduced, reproduce } from '../reproduce.ts'
import { everything, lintWorkflows } from '../workflows.ts'
import type { Row } from './row.ts'
import type { Form } from './volume.ts'

/** What GitHub runs, and what users copy, has no finding. */
export async function workflowsRow(): Promise<Row> {
  const found = await lintWorkflows()
  return {
    name: 'workflows',
    required: 'no finding of zizmor (regular and pedantic), none of actionlint with shellcheck',
    parts: Object.entries(found).map(([linter, text]) => ({
      what: linter,
      measured: `${text === '' ? 'no finding' : text.split('\n').length + ' lines of findings'} in ${everything().length} workflows, examples and actions`,
      met: text === '',
    })),
  }
}

/** `dist` is what the sources build, wherever; the short form takes what was just found of the same sources. */
export async function distRow(form: Form): Promise<Row> {
  const { asCommitted, anywhere } = await (form === 'long' ? reproduce() : lastReproduced())
  return {
    name: 'dist',
    required: 'reproducible',
    parts: [
      {
        what: 'built here',
        measured: asCommitted ? 'the bytes that are committed' : 'other bytes',
        met: asCommitted,
      },
      {
        what: 'built in another directory',
        measured: anywhere ? 'the same bytes' : 'other bytes',
        met: anywhere,
      },
    ],
  }
}
