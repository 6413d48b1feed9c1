import { describe, expect, test } from '@jest/globals'
import * as fc from 'fast-check'
import { marked } from 'marked'
import { parse } from 'yaml'
import { decide, type Decision } from '../src/policy.ts'
import {
  decisionMarkdown,
  decisionSentence,
  decisionTable,
  denial,
  inputsBlock,
  whenBlock,
} from '../src/report/decision.ts'
import { claimsOf, grantOf, sameRepository, whenOf, type Written } from './support/claims-of.ts'
import type { ClaimSet } from './support/github-claims.ts'
import { configOf } from './support/config-of.ts'
import { isRecord, scalarText } from './support/shape.ts'
import { runs } from './support/runs.ts'

const RUNS = { numRuns: runs(1000) }
const plain = { colour: false }

function denied(when: Written, claims: ClaimSet = {}): Decision {
  return decide([grantOf(when)], claimsOf(claims))
}

/** Text as the start of another, since a failed `startsWith` shows neither. */
function startOf(text: string): RegExp {
  return new RegExp(`^${text.replaceAll(/[.*+?^${}()|[\]\\]/g, '\\$&')}`)
}

/** The character above the caret of the first marked line. */
function pointedAt(lines: readonly string[]): string | undefined {
  const caret = lines.findIndex((line) => /^ +\^+$/.test(line))
  const above = Array.from(lines[caret - 1] ?? '')
  const columns = Array.from(lines[caret] ?? '')
  return above.slice(columns.indexOf('^'), columns.lastIndexOf('^') + 1).join('')
}

describe('the table of a denial', () => {
  test('shows claim, expected and actual, marks each check and points at the first differing character', () => {
    const lines = decisionTable(
      denied({ repository: 'o/r', ref: 'refs/heads/main' }, { ref: 'refs/heads/main-evil' }),
      plain,
    )
    expect(lines).toEqual([
      '"for prod" for target "prod" (.github/dbt-oidc.yml:14:5): 1 of 2 checks failed',
      '    claim       expected         actual',
      '  ✓ repository  o/r              o/r',
      '  ✗ ref         refs/heads/main  refs/heads/main-evil',
      '                                                ^',
      '      → first differing character at position 16: "-"',
    ])
  })

  test.each<readonly [Written, ClaimSet, string]>([
    [{ environment: 'Prod' }, { environment: 'prod' }, 'only the case differs'],
    [{ environment: 'prod' }, { environment: 'prod ' }, 'only a leading or trailing space differs'],
    [{ ref: 'main' }, {}, 'refs are written in full: "refs/heads/main"'],
    [{ ref: 'v1' }, { ref: 'refs/tags/v1' }, 'refs are written in full: "refs/tags/v1"'],
    [{ ref: 'refs/tags/v1' }, { ref: 'refs/heads/v1' }, 'a branch of that name, not the tag'],
    [{ ref: 'refs/heads/main' }, { ref: 'refs/pull/1/merge' }, 'event_name: pull_request'],
    [{ environment: 'prod' }, {}, 'the job names no environment'],
    [{ repo_property_tier: 'gold' }, {}, 'the token has no such claim'],
    [{ head_ref: 'x' }, {}, 'an empty claim is not a value'],
    [{ actor: 'octocat|x' }, {}, 'several values are a list'],
    [
      { sub: 'repo:o/r:ref:refs/heads/main' },
      { environment: 'prod' },
      'the environment into `sub` in place of the ref',
    ],
    [{ sub: 'repo:o/r:environment:prod' }, {}, 'the job names no environment, so `sub` has none'],
    [
      { sub: 'repo:x/r:ref:refs/heads/main' },
      { sub: 'repo:o@1/r@2:ref:refs/heads/main' },
      'the repository is another one',
    ],
    [
      { sub: 'repo:o/r:ref:refs/heads/dev' },
      { sub: 'repo:o@1/r@2:ref:refs/heads/main' },
      'write sub: "repo:o@1/r@2:ref:refs/heads/dev" here and in the trust; the part behind the repository differs as well',
    ],
    [
      { environment: 'production' },
      { environment: 'prod' },
      'the value ends where the pattern goes on, after character 4',
    ],
    [
      { ref: 'refs/heads/main' },
      { event_name: 'issues' },
      'add to `when`, or to the input `claims`: event_name: issues',
    ],
    [{ actor: ['a', 'b'] }, {}, 'a or b'],
  ])('for %j with %j says: %s', (when, claims, hint) => {
    expect(decisionTable(denied(when, claims), plain).join('\n')).toContain(hint)
  })

  test('shows no two equal values in a check that failed', () => {
    const decision = denied(
      { ref: 'refs/heads/main' },
      { event_name: 'pull_request', ref: 'refs/heads/main' },
    )
    expect(decisionTable(decision, plain)).toContain(
      '  ✗ event_name       (must be named by the grant)  pull_request',
    )
  })

  test('says that only the case differs for ASCII letters only', () => {
    expect(decisionTable(denied({ actor: 'k' }, { actor: '\u212a' }), plain).join('\n')).not.toContain('case')
  })

  test('points at the very character in which expected and actual first differ, however long the value', () => {
    const letters = fc
      .tuple(fc.string({ unit: fc.constantFrom('a', 'b', '-', '😀'), maxLength: 9 }), fc.nat(30))
      .map(([part, times]) => part.repeat(times))
    fc.assert(
      fc.property(letters, letters, (same, rest) => {
        const claims = { environment: `${same}X${rest}` }
        const lines = decisionTable(denied({ environment: `${same}y${rest}` }, claims), plain)
        expect(pointedAt(lines)).toBe('X')
      }),
      RUNS,
    )
  })

  test('is coloured only where colour is wanted', () => {
    const decision = denied({ ref: 'refs/heads/x' })
    expect(decisionTable(decision, plain).join('')).not.toContain('\u001b')
    expect(decisionTable(decision, { colour: true }).join('')).toContain('\u001b[31m✗')
  })

  test('holds no character that a log could obey, and no line is a command, whatever the claims hold', () => {
    const evil = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom(
        '\n::error::x',
        '##[error]x',
        '###[x',
        '\u2028::x',
        '\u001b[2J',
        '\u202e',
        '\r\n',
        '\u0085::x',
      ),
    )
    fc.assert(
      fc.property(evil, evil, evil, (one, two, three) => {
        const decision = denied(
          { environment: two, actor: one },
          { environment: one + two, actor: three, ref: three },
        )
        const lines = [...decisionTable(decision, plain), ...whenBlock(decision.claims).split('\n')]
        for (const line of [...lines, decisionSentence(decision)]) {
          expect(line).not.toMatch(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Cs}]/u)
          expect(line).not.toContain('##[')
          expect(line.trimStart().startsWith('::')).toBe(false)
        }
      }),
      RUNS,
    )
  })

  test('keeps a value of 10,000 characters to one readable line', () => {
    const lines = decisionTable(denied({ environment: 'x' }, { environment: 'y'.repeat(10_000) }), plain)
    for (const line of lines) expect(line.length).toBeLessThan(200)
  })

  test('shows only the grants for the target asked for, and the one that decided', () => {
    const grants = [grantOf({ ref: '**' }, 'dev'), grantOf({ ref: 'x' })]
    expect(decisionTable(decide(grants, claimsOf(), 'prod'), plain).join('\n')).not.toContain('"dev"')
    expect(decisionTable(decide(grants, claimsOf()), plain)[0]).toBe(
      '"for dev" for target "dev" (.github/dbt-oidc.yml:14:5): granted',
    )
  })

  test('says which condition an input set', () => {
    const decision = decide([{ ...grantOf({ ref: '**' }), narrow: whenOf({ environment: 'x' }) }], claimsOf())
    expect(decisionTable(decision, plain).join('\n')).toContain('✗ environment (input)')
  })
})

describe('the sentence of a decision', () => {
  test.each([
    [decide([], claimsOf()), 'The policy has no grants, so it grants nothing.'],
    [denied({ ref: 'x' }), 'No grant of the policy holds for this run.'],
    [decide([grantOf({ ref: 'x' })], claimsOf(), 'prod'), 'No grant for target "prod" holds for this run.'],
    [
      decide([grantOf({ ref: 'x' })], claimsOf(), 'prd'),
      'No grant is for target "prd"; did you mean "prod"?',
    ],
    [decide([grantOf({ ref: '**' })], claimsOf()), 'Target "prod" is granted by "for prod".'],
  ])('%#: %j', (decision, sentence) => {
    expect(decisionSentence(decision)).toBe(sentence)
  })

  test('of a denial comes with a remedy that claims no more than is known', () => {
    expect(denial(denied({ ref: 'x' }), plain).remedy).toMatch(/^If this run should be granted, .*\nwhen:\n/)
    const other = decide([grantOf({ ref: '**' }, 'dev'), grantOf({ ref: 'x' })], claimsOf(), 'prod')
    expect(denial(other, plain).remedy).toContain('would be granted target "dev"')
  })

  test.each<readonly [Written, ClaimSet, string]>([
    [
      { repository: 'o/r', repository_id: '456' },
      { repository_id: '666' },
      'This is another repository of the same name: its `repository_id` is "666", and the rules pin "456".',
    ],
    [
      { repository: 'o/r', repository_id: '456', repository_owner_id: '123' },
      { repository_owner_id: '666' },
      'This is a repository of the same name under another owner: its `repository_owner_id` is "666"',
    ],
    [
      { repository: 'o/x', repository_id: '7' },
      {},
      'This is another repository: its `repository_id` is "456"',
    ],
  ])('of %j offers %j no block to paste', (when, claims, sentence) => {
    const decision = denied(when, claims)
    expect(denial(decision, plain).remedy).toContain(sentence)
    expect(denial(decision, plain).remedy).not.toContain('\n')
    expect(decisionMarkdown(decision)).not.toContain('```')
  })

  test('offers the block where one of the grants knows the repository by its id', () => {
    const grants = [grantOf({ repository_id: '7' }), grantOf({ repository_id: '456', ref: 'x' })]
    expect(denial(decide(grants, claimsOf()), plain).remedy).toContain('\nwhen:\n')
  })

  test('mends the job first where only its environment is missing, and says what a paste would give up', () => {
    const when = { repository: 'o/r', ref: 'refs/heads/main', environment: 'production' }
    const rules = (form: string): Decision => decide([{ ...grantOf(when), place: form }], claimsOf())
    const mend =
      'The job names no environment: give the job `environment: production`, and "for prod" grants the run as it stands. '
    const lost =
      ' would do it, but would give up what "for prod" asks for (`environment`), here and in the trust:\n'
    const { remedy } = denial(rules('inputs'), plain)
    expect(remedy).toMatch(
      startOf(`${mend}If this run should be granted without that, these inputs${lost}repository: o/r\n`),
    )
    expect(remedy).toContain('\n# environment: given up, was production\nclaims: |\n')
    const policy = denial(rules('dbt-oidc.yml:1:1'), plain).remedy
    expect(policy).toMatch(
      startOf(`${mend}If this run should be granted without that, a grant with this block${lost}when:\n`),
    )
    expect(policy).toContain('\n  # environment: given up, was production')
    expect(decisionMarkdown(rules('inputs'))).toContain('give the job &#96;environment&#58; production&#96;')
  })

  test.each<readonly [string, Written, ClaimSet]>([
    ['more than the environment is missing', { environment: 'production', ref: 'refs/heads/x' }, {}],
    ['no environment can be named', { environment: 'prod-*' }, {}],
    ['something else is missing', { repo_property_tier: 'gold' }, {}],
  ])('says what a paste would give up where %s, and promises nothing of the job', (_why, when, claims) => {
    const { remedy } = denial(denied(when, claims), plain)
    expect(remedy).toMatch(
      /^If this run should be granted, .* but would give up what "for prod" asks for \(`\w+`\), here/,
    )
    expect(remedy).toMatch(/\n {2}# \w+: given up, was (?:production|"prod-\*"|gold)$/)
  })

  test('gives up nothing where the environment is another one, or an input of the step asks for it', () => {
    const other = denied({ environment: 'production' }, { environment: 'staging' })
    const input = decide(
      [{ ...grantOf({ ref: 'x' }), narrow: whenOf({ environment: 'production' }) }],
      claimsOf(),
    )
    for (const decision of [other, input]) expect(denial(decision, plain).remedy).not.toContain('give')
  })

  test('names each claim that would be given up once, whichever grants ask for it', () => {
    const when = { environment: 'production', ref: 'refs/heads/x' }
    const grants = [
      grantOf(when),
      grantOf({ ...when, environment: 'staging' }, 'staging'),
      grantOf({ repo_property_tier: 'gold', ref: 'x' }, 'ci'),
    ]
    const { remedy } = denial(decide(grants, claimsOf()), plain)
    expect(remedy).toContain('give up what the grants ask for (`environment`, `repo_property_tier`), here')
    expect(remedy.match(/given up/g)).toHaveLength(2)
  })

  test('offers a fork no grant', () => {
    const claims = claimsOf({ event_name: 'pull_request', ref: 'refs/pull/1/merge' })
    const facts = { pullRequest: { kind: 'fork', head: 'mallory/r', base: 'o/r' } } as const
    const { remedy, details } = denial(
      decide([grantOf({ event_name: 'pull_request' })], claims, undefined, facts),
      plain,
    )
    expect(remedy).not.toContain('would do it')
    expect(details.join('\n')).toContain('comes from "mallory/r"')
  })
})

describe('the block to paste', () => {
  test('lets in no more than the grants would: it names whatever one of them names', () => {
    const workflow = 'acme/platform/.github/workflows/dbt.yml@refs/heads/main'
    const { remedy } = denial(
      denied(
        { repository: 'o/r', job_workflow_ref: workflow },
        { job_workflow_ref: workflow.replace('main', 'dev') },
      ),
      plain,
    )
    expect(remedy).toContain('  job_workflow_ref: "acme/platform/.github/workflows/dbt.yml@refs/heads/dev"')
  })

  test('says of a run of no branch that it would be for every branch', () => {
    const { all } = claimsOf()
    const claims = { ...claimsOf(), all: new Map([...all].filter(([name]) => name !== 'ref')) }
    expect(whenBlock(claims)).toContain('\n  # ref: not known here; without it every branch would be let in')
    expect(whenBlock(claimsOf())).not.toContain('every branch')
  })

  test.each<ClaimSet>([
    {},
    { environment: 'prod east' },
    { environment: 'no' },
    { environment: '012' },
    { environment: 'a: b # c' },
    { environment: 'Ünï "q" \\ 😀' },
    { environment: '##[x]' },
    { event_name: 'workflow_run' },
    { event_name: 'pull_request', ref: 'refs/pull/7/merge', base_ref: 'main', head_ref: 'x' },
    { ref: 'refs/tags/v1' },
  ])('grants the run that it was made for: %j', (given) => {
    const claims = claimsOf(given)
    const block: unknown = parse(whenBlock(claims))
    const when = isRecord(block) && isRecord(block.when) ? Object.entries(block.when) : []
    expect(when.every(([, value]) => typeof value === 'string')).toBe(true)
    const written = Object.fromEntries(when.map(([claim, value]) => [claim, scalarText(value)]))
    expect(decide([grantOf(written)], claims, undefined, sameRepository).granted).toBe(true)
  })

  test.each<ClaimSet>([
    {},
    { environment: 'prod east' },
    { environment: '012', ref: 'refs/tags/v1' },
    { environment: 'Ünï "q" \\ 😀' },
    { event_name: 'workflow_run' },
    { event_name: 'pull_request', ref: 'refs/pull/7/merge', base_ref: 'main', head_ref: 'x' },
  ])('is made of inputs where the rules are, and grants the run as well: %j', async (given) => {
    const claims = claimsOf(given)
    const rules = [{ ...grantOf({ actor: 'x' }), place: 'inputs' }]
    const decision = decide(rules, claims, undefined, sameRepository)
    const [sentence, ...block] = denial(decision, plain).remedy.split('\n')
    expect(sentence).toBe('If this run should be granted, these inputs would do it:')
    const inputs: unknown = parse(block.join('\n'))
    if (!isRecord(inputs)) throw new Error('no inputs')
    const written = Object.fromEntries(Object.entries(inputs).map(([name, text]) => [name, scalarText(text)]))
    const { grants } = await configOf({ inputs: { ...written, connection: 'type: duckdb' } })
    expect(decide(grants, claims, undefined, sameRepository).granted).toBe(true)
  })

  test('holds nothing that GitHub would evaluate as an expression', () => {
    const block = inputsBlock(claimsOf({ ref: 'refs/heads/${{github.token}}' }))
    expect(block).toContain('# ref: the value of this run cannot be written as an input')
    expect(block).not.toContain('${{')
  })

  test('does not tie a grant to the number of one pull request', () => {
    const claims = claimsOf({ event_name: 'pull_request', ref: 'refs/pull/7/merge', base_ref: 'main' })
    expect(whenBlock(claims)).not.toContain('refs/pull')
    expect(whenBlock(claims)).toContain('base_ref: main')
  })

  test('says so where a value cannot be written as a pattern', () => {
    expect(whenBlock(claimsOf({ environment: 'a\nb' }))).toContain(
      '# environment: the value of this run cannot',
    )
  })
})

describe('the decision in Markdown', () => {
  test('is a table whose cells no claim can leave, and in which no claim is markup', () => {
    const evil = fc.oneof(
      fc.string({ unit: 'binary', maxLength: 40 }),
      fc.constantFrom(
        'a|b',
        '`x`',
        '<img src=x>',
        '[a](http://b)',
        '*b*',
        '@octocat',
        '&lt;',
        '\n\n# x',
        'www.x.org',
        'https://x.org',
      ),
    )
    fc.assert(
      fc.property(evil, evil, (one, two) => {
        const html = marked.parse(
          decisionMarkdown(denied({ environment: one, actor: '*/x' }, { environment: two })),
          {
            async: false,
          },
        )
        expect(html.match(/<table>/g)).toHaveLength(1)
        expect(html.match(/<tr>/g)).toHaveLength(3)
        const tags = new Set(Array.from(html.matchAll(/<\/?([a-z0-9]+)/g), ([, tag]) => tag))
        for (const tag of tags)
          expect([
            'p',
            'strong',
            'table',
            'thead',
            'tbody',
            'tr',
            'th',
            'td',
            'code',
            'b',
            'br',
            'wbr',
            'pre',
          ]).toContain(tag)
      }),
      RUNS,
    )
  })

  test('marks the differing character and gives the block after a denial only', () => {
    const markdown = decisionMarkdown(denied({ actor: 'octodog' }))
    expect(markdown).toContain('<code>octo<b>c</b>at</code>')
    expect(markdown).toContain('```yaml\nwhen:\n')
    expect(decisionMarkdown(decide([grantOf({ ref: '**' })], claimsOf()))).not.toContain('```')
  })

  test('holds the warnings', () => {
    const claims = claimsOf({ environment: 'prod' })
    expect(decisionMarkdown(decide([grantOf({ ref: '**' })], claims))).toContain('> ⚠️ ')
  })
})
