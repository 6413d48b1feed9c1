import { describe, expect, test } from '@jest/globals'
import { everything, lintWorkflows } from '../../scripts/workflows.ts'

describe('the linters of workflows', () => {
  test('find what is wrong, and compare what the action is given with what it takes', async () => {
    const found = await lintWorkflows(['__tests__/fixtures/workflows/faulty.yml'])
    for (const fault of ['input "connexion" is not defined', 'input "projekt-dir" is not defined', 'SC2086'])
      expect(found.actionlint).toContain(fault)
    for (const audit of ['template-injection', 'unpinned-uses', 'artipacked', 'excessive-permissions'])
      expect(found.zizmor).toContain(audit)
    // Of the pedantic persona alone.
    expect(found.zizmor).toContain('concurrency-limits')
  }, 240_000)

  test('are given every workflow and the action itself', () => {
    expect(everything()).toEqual(expect.arrayContaining(['.github/workflows/ci.yml', 'action.yml']))
  })
})
