import { execFileSync } from 'node:child_process'
import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { parseRun, quoted, steered, type DbtCommand } from '../src/dbt/command.ts'
import { reserved } from '../src/dbt/reserved.ts'
import { readWords } from '../src/dbt/words.ts'
import { literalRuns, refusedRuns } from './hostile/dbt.ts'
import { runs } from './support/runs.ts'

function needing(run: string): boolean {
  return one(run).needsCredential
}

function one(run: string): DbtCommand {
  const { commands, problems } = parseRun(run)
  expect(problems).toEqual([])
  const [command] = commands
  if (!command || commands.length !== 1) throw new Error(`not one command: ${run}`)
  return command
}

describe.each(refusedRuns)('$id $name', ({ runs }) => {
  test.each(runs)('%j is refused, and %j is named', (run, named) => {
    const { commands, problems } = parseRun(run)
    expect(commands).toEqual([])
    expect(problems.join('\n')).toContain(named)
    for (const problem of problems) expect(problem).toMatch(/^line \d+, column \d+: .*\.$/s)
  })
})

test.each(literalRuns)('$id: $run reaches dbt as it is', ({ run, argv }) => {
  expect(one(run).argv).toEqual(argv)
})

describe('the input run', () => {
  test('holds one command a line, with or without the word dbt', () => {
    const { commands, problems } = parseRun(
      'dbt deps\n\n# nightly\n  build --select tag:a#b  # all of it\n\tdbt  docs   generate\r\n',
    )
    expect(problems).toEqual([])
    expect(commands.map(({ argv, line }) => [line, ...argv])).toEqual([
      [1, 'deps'],
      [4, 'build', '--select', 'tag:a#b'],
      [5, 'docs', 'generate'],
    ])
  })

  test('continues a line after a backslash, but not in a comment', () => {
    const { commands } = parseRun('build \\\n  --select a \\\r\n  --vars "{x: \\\n1}"\n# test \\\ntest')
    expect(commands.map(({ argv }) => argv)).toEqual([
      ['build', '--select', 'a', '--vars', '{x: 1}'],
      ['test'],
    ])
  })

  test('joins a word that is continued without a space, as a shell does', () => {
    expect(one('dbt bu\\\nild --select \\\na').argv).toEqual(['build', '--select', 'a'])
  })

  test('refuses spaces after the backslash, which would end the command unseen', () => {
    expect(parseRun('build \\ \n --x').problems[0]).toContain('column 7: spaces follow the backslash')
  })

  test('reports every line that is wrong, in order, and starts none', () => {
    const { commands, problems } = parseRun('build -t x\nrun\nserve\ntest | cat')
    expect(commands).toEqual([])
    expect(problems.map((problem) => /line (\d+), column (\d+)/.exec(problem)?.slice(1))).toEqual([
      ['1', '7'],
      ['3', '1'],
      ['4', '6'],
    ])
  })

  test('says how a reserved flag is set instead', () => {
    expect(parseRun('build --profile x').problems[0]).toContain('use the input "profile"')
    expect(parseRun('build --target-path x').problems[0]).toContain('dbt_project.yml')
  })

  test('names the variable that a shell would have expanded', () => {
    expect(parseRun('build --vars $RUN_ID').problems[0]).toContain('${{ env.RUN_ID }}')
  })

  test('finds the subcommand behind global flags', () => {
    const command = one('--log-format json -q --warn-error source freshness --select a')
    expect([command.subcommand, command.head]).toEqual(['source freshness', 6])
  })

  test('lets no flag of dbt itself be taken for a reserved one', () => {
    for (const flag of [
      '--threads',
      '--log-format',
      '--log-level',
      '--print',
      '--partial-parse',
      '--profiles',
      '-x',
      '-sx',
      '-o',
    ])
      expect([flag, reserved(flag) === undefined]).toEqual([flag, flag !== '--profiles'])
  })

  test('knows which commands need a credential', () => {
    expect(['deps', 'clean'].map(needing)).toEqual([false, false])
    expect(['build', 'parse', 'docs generate', 'run-operation m'].map(needing)).toEqual([
      true,
      true,
      true,
      true,
    ])
  })

  test('is steered by flags that an open flag of the user cannot swallow', () => {
    const command = one('dbt -q docs generate --select')
    const argv = steered(command, { profilesDir: '/p', target: 'prod' })
    expect(argv).toEqual(['-q', 'docs', 'generate', '--profiles-dir', '/p', '--target', 'prod', '--select'])
    expect(steered(one('build'), { profilesDir: '/p', target: 't', profile: 'x' })).toEqual(
      'build --profiles-dir /p --target t --profile x'.split(' '),
    )
  })
})

describe('properties', () => {
  const word = fc
    .string({
      unit: fc.oneof(fc.constantFrom(...'ab \'"\\$`;|&<>#*~{}-\t'.split('')), fc.string({ unit: 'binary' })),
      maxLength: 12,
    })
    .filter((text) => !/[\0\r\n]/.test(text) && text.isWellFormed())

  test('what is quoted and parsed is what it was', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (argv) => {
        const { commands, flaws } = readWords(['build', ...argv].map(quoted).join(' '))
        expect(flaws).toEqual([])
        expect(commands.map((words) => words.map(({ text }) => text))).toEqual([['build', ...argv]])
      }),
      { numRuns: runs(1000) },
    )
  })

  test('what is shown gives the same command again', () => {
    fc.assert(
      fc.property(fc.array(word, { maxLength: 6 }), (argv) => {
        const run = ['build', ...argv].map(quoted).join(' ')
        const { commands } = parseRun(run)
        const again = parseRun(commands.map((command) => command.shown).join('\n'))
        expect(again.commands.map((command) => command.argv)).toEqual(commands.map((command) => command.argv))
      }),
      { numRuns: runs(1000) },
    )
  })

  test('no text is read differently than a shell would read it: the same words, or refused', () => {
    const unit = fc.constantFrom(...'ab \'"\\\t#-='.split(''))
    const texts = fc.sample(fc.string({ unit, minLength: 1, maxLength: 14 }), {
      numRuns: runs(5000),
      seed: 7,
    })
    const read = texts.map((text) => ({ text, ...readWords(text) })).filter(({ flaws }) => flaws.length === 0)
    const ours = read.map(({ text, commands }) => [text, ...commands.flat().map((each) => each.text)])
    const shells = shellWords(read.map(({ text }) => text))
    expect(ours.length).toBeGreaterThan(1000)
    expect(ours).toEqual(read.map(({ text }, index) => [text, ...(shells[index] ?? [])]))
  })
})

/** The words of each text in the eyes of a POSIX shell. */
function shellWords(texts: readonly string[]): readonly string[][] {
  const print = `f() { for word in "$@"; do printf '%s\\0' "$word"; done; }`
  const script = [print, ...texts.map((text) => `f ${text}\nprintf '\\001'`)].join('\n')
  const output = execFileSync('/bin/sh', ['-s'], { input: script, encoding: 'utf8' })
  return output.split('\u0001').map((words) => words.split('\0').slice(0, -1))
}
