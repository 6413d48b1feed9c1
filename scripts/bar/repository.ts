import { reproduce } from '../reproduce.ts'
import { everything, lintWorkflows } from '../workflows.ts'
import type { Row } from './row.ts'

/** The lines of the bar about the repository itself. */
export async function repositoryRows(): Promise<readonly Row[]> {
  return [await workflowsRow(), await distRow()]
}

async function workflowsRow(): Promise<Row> {
  const found = await lintWorkflows()
  return {
    name: 'workflows of the repository',
    required: 'no finding of zizmor (regular and pedantic), none of actionlint with shellcheck',
    parts: Object.entries(found).map(([linter, text]) => ({
      what: linter,
      measured: `${text === '' ? 'no finding' : text.split('\n').length + ' lines of findings'} in ${everything().length} workflows, examples and actions`,
      met: text === '',
    })),
  }
}

async function distRow(): Promise<Row> {
  const { asCommitted, anywhere } = await reproduce()
  return {
    name: '`dist`',
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
