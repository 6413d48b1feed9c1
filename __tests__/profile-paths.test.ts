import { resolve } from 'node:path'
import { expect, test } from '@jest/globals'
import { leaves } from '../src/config/options.ts'
import { paths } from './hostile/profile.ts'

test.each(paths)(
  'the path $path leads out of the workspace: $leaves (path-01)',
  ({ path, leaves: expected }) => {
    expect(leaves('/home/space', resolve('/home/space', path))).toBe(expected)
  },
)
