import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync, mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterAll, expect, test } from '@jest/globals'
import { parse } from 'yaml'
import { billOf, bundled, licenceFaults } from '../scripts/sbom.ts'

const ROOT = join(import.meta.dirname, '..')
const WORKFLOWS = join(ROOT, '.github', 'workflows')

interface Step {
  readonly uses?: string
  readonly run?: string
  readonly with?: Record<string, unknown>
}
interface Job {
  readonly needs?: string | string[]
  readonly permissions?: Record<string, string>
  readonly steps: readonly Step[]
  readonly environment?: string
}
interface Workflow {
  readonly permissions?: unknown
  readonly defaults?: unknown
  readonly concurrency?: unknown
  readonly jobs: Record<string, Job>
}

const files = readdirSync(WORKFLOWS)
const workflow = (file: string): Workflow => parse(readFileSync(join(WORKFLOWS, file), 'utf8'))
const steps = (file: string): readonly Step[] =>
  Object.values(workflow(file).jobs).flatMap((job) => job.steps)

test.each(files)(
  '%s gives no permission before a job asks for it, and each job says which it needs',
  (file) => {
    expect(workflow(file).permissions).toEqual({})
    for (const [name, job] of Object.entries(workflow(file).jobs))
      expect([name, typeof job.permissions]).toEqual([name, 'object'])
  },
)

test.each(files)('%s takes every action of others by commit and says which version that is', (file) => {
  const lines = readFileSync(join(WORKFLOWS, file), 'utf8')
    .split('\n')
    .filter((line) => /^\s*(?:- )?uses: /.test(line) && !line.includes('uses: $/'))
  for (const line of lines) expect(line).toMatch(/uses: [\w.-]+(?:\/[\w.-]+)+@[0-9a-f]{40} # v\d+\.\d+\.\d+$/)
})

test.each(files)('%s leaves no token of GitHub in the checkout', (file) => {
  const kept = steps(file)
    .filter(({ uses }) => uses?.startsWith('actions/checkout@'))
    .map(({ with: given }) => given?.['persist-credentials'])
  expect(kept.filter((persisted) => persisted !== false)).toEqual([])
})

test('every lockfile of this repository is looked after by Dependabot, which waits a week before it proposes a release', () => {
  const { updates } = parse(readFileSync(join(ROOT, '.github', 'dependabot.yml'), 'utf8')) as {
    updates: {
      readonly 'package-ecosystem': string
      readonly directory?: string
      readonly directories?: readonly string[]
      readonly cooldown?: { readonly 'default-days': number }
    }[]
  }
  for (const update of updates) expect(update.cooldown?.['default-days']).toBeGreaterThanOrEqual(7)
  const watched = updates.flatMap((update) =>
    (update.directories ?? [update.directory]).map((at) => `${update['package-ecosystem']} ${at}`),
  )
  const toolchain = join(ROOT, 'toolchain')
  const needed = readdirSync(toolchain).flatMap((name) => {
    const has = readdirSync(join(toolchain, name))
    return [
      ...(has.includes('go.sum') ? [`gomod /toolchain/${name}`] : []),
      ...(has.includes('package-lock.json') ? [`npm /toolchain/${name}`] : []),
      ...(has.some((file) => file.endsWith('.lock.txt')) ? [`pip /toolchain/${name}`] : []),
    ]
  })
  expect(watched).toEqual(expect.arrayContaining(['npm /', 'github-actions /', ...needed]))
})

test('a release is checked and built without any right, signed without the right to publish, and published without a checkout', () => {
  const { jobs } = workflow('release.yml')
  const { build, attest, publish } = jobs
  expect(Object.keys(jobs)).toEqual(['build', 'attest', 'publish'])
  expect([build?.permissions, attest?.permissions, publish?.permissions]).toEqual([
    { contents: 'read' },
    { 'id-token': 'write', attestations: 'write' },
    { contents: 'write' },
  ])
  expect([attest?.needs, publish?.needs, publish?.environment]).toEqual(['build', 'attest', 'release'])
  const uses = publish?.steps.flatMap((step) => (step.uses === undefined ? [] : [step.uses.split('@')[0]]))
  expect(uses).toEqual(['actions/download-artifact'])
})

test('a release is drafted, filled and published in this order, since nothing can be added to it afterwards; the major tag moves last', () => {
  const said = workflow('release.yml')
    .jobs.publish?.steps.map((step) => step.run ?? '')
    .join('\n')
  const order = ['release create', 'release upload', 'release edit', '--method PATCH'].map((words) =>
    said?.indexOf(words),
  )
  expect(order).not.toContain(-1)
  expect(order).toEqual(order.toSorted((one, other) => Number(one) - Number(other)))
  expect(said).toContain('--draft --verify-tag')
})

test.each([
  ['where it was built', 'is published', 'f'.repeat(40)],
  ['elsewhere', 'ends', 'e'.repeat(40)],
  ['nowhere', 'ends', ''],
])('a release whose tag is %s by the time of its review %s', (_where, outcome, sha) => {
  const steps = workflow('release.yml').jobs.publish?.steps ?? []
  const at = steps.findIndex(({ run }) => run?.includes('/commits/tags/'))
  expect(at).toBe(steps.findIndex(({ run }) => run?.includes('release create')) - 1)
  const { root } = tree({})
  writeFileSync(join(root, 'gh'), `#!/bin/sh\n${sha === '' ? 'exit 1' : `echo ${sha}`}\n`, { mode: 0o755 })
  const env = {
    PATH: `${root}:/usr/bin:/bin`,
    TAG: 'v1.2.3',
    GH_REPO: 'acme/dbt-oidc',
    GITHUB_SHA: 'f'.repeat(40),
  }
  const script = steps[at]?.run ?? ''
  const { status } = spawnSync('bash', [...BASH, script], { env, stdio: 'ignore' })
  expect(status === 0 ? 'is published' : 'ends').toBe(outcome)
})

test.each([
  ['nothing', [], ['create', 'upload', 'edit']],
  ['a release of another tag', ['v1.2.2 false 1'], ['create', 'upload', 'edit']],
  [
    'two half-made drafts',
    ['v1.2.3 true 7', 'v1.2.4 true 8', 'v1.2.3 true 9'],
    ['DELETE 7', 'DELETE 9', 'create', 'upload', 'edit'],
  ],
  ['itself, published', ['v1.2.3 false 7'], []],
])('a release that finds %s does what is left to do', (_what, releases, expected) => {
  const { root } = tree({})
  const called = join(root, 'called')
  writeFileSync(called, '')
  // What `--jq` would pick of these releases is picked here by the tag alone.
  const rows = releases.map((row) => row.split(' ')).filter(([tag]) => tag === 'v1.2.3')
  const list = rows.map(([, draft, id]) => `echo ${draft} ${id};`).join(' ')
  writeFileSync(
    join(root, 'gh'),
    `#!/bin/sh
case "$*" in
  *--paginate*) ${list} ;;
  *--method*) echo "$3 \${4##*/}" >> ${called} ;;
  *) echo "$2" >> ${called} ;;
esac
`,
    { mode: 0o755 },
  )
  mkdirSync(join(root, 'release'))
  for (const file of ['a.tgz', 'sbom.cdx.json', 'SHA256SUMS']) writeFileSync(join(root, 'release', file), '')
  const script = workflow('release.yml').jobs.publish?.steps.find(({ run }) =>
    run?.includes('release create'),
  )
  const env = { PATH: `${root}:/usr/bin:/bin`, TAG: 'v1.2.3', GH_REPO: 'acme/dbt-oidc' }
  execFileSync('bash', [...BASH, script?.run ?? ''], { env, cwd: root })
  expect(readFileSync(called, 'utf8').split('\n').filter(Boolean)).toEqual(expected)
})

test('tags that are released at the same time wait for no other, so that none takes the place of one that waits', () => {
  expect(workflow('release.yml').concurrency).toEqual({
    group: 'release-${{ github.ref_name }}',
    'cancel-in-progress': false,
  })
})

test('a release runs its scripts as they are tried here', () => {
  expect(workflow('release.yml').defaults).toEqual({ run: { shell: 'bash' } })
})

/** As GitHub starts `shell: bash`. */
const BASH = ['--noprofile', '--norc', '-e', '-o', 'pipefail', '-c']

const trees: string[] = []
afterAll(() => {
  for (const root of trees) rmSync(root, { recursive: true })
})

/** Packages by their directory below node_modules, and what webpack would say of having taken in a module of one. */
function tree(packages: Readonly<Record<string, object>>) {
  const root = mkdtempSync(join(tmpdir(), 'dbt-oidc-sbom-'))
  trees.push(root)
  for (const [at, manifest] of Object.entries(packages)) {
    const file = join(root, 'node_modules', at, 'package.json')
    mkdirSync(dirname(file), { recursive: true })
    writeFileSync(file, JSON.stringify(manifest))
  }
  const module = (file: string) => ({
    identifier: `javascript/esm|/elsewhere/loader.js??x!${join(root, file)}|0abc`,
  })
  return { root, module }
}

const component = (name: string, version: string) => ({ 'bom-ref': `${name}@${version}`, name, version })

test('the bill of materials has each package and version of which a module is bundled, also within another module, and no other', () => {
  const { root, module } = tree({
    one: { name: 'one', version: '1.0.0', license: 'MIT' },
    '@scope/two': { name: '@scope/two', version: '2.0.0', license: 'ISC' },
    '@scope/two/node_modules/one': { name: 'one', version: '0.9.0', licenses: [{ type: 'MIT' }] },
    unused: { name: 'unused', version: '1.0.0', license: 'GPL-3.0' },
  })
  const stats = {
    modules: [
      { ...module('lib/index.js'), modules: [module('node_modules/@scope/two/deep/in.js')] },
      module('node_modules/one/index.js'),
      module('node_modules/@scope/two/node_modules/one/index.js'),
    ],
  }
  const packages = bundled(stats, root)
  const everything = {
    metadata: { component: { 'bom-ref': 'us@1' } },
    components: [
      component('one', '1.0.0'),
      component('one', '0.9.0'),
      component('@scope/two', '2.0.0'),
      component('unused', '1.0.0'),
    ],
    dependencies: [
      { ref: 'us@1', dependsOn: ['one@1.0.0', 'unused@1.0.0'] },
      { ref: 'unused@1.0.0', dependsOn: [] },
    ],
  }
  const bill = billOf(everything, packages)
  expect(bill.components.map((c) => c['bom-ref']).toSorted()).toEqual([
    '@scope/two@2.0.0',
    'one@0.9.0',
    'one@1.0.0',
  ])
  expect(bill.dependencies).toEqual([{ ref: 'us@1', dependsOn: ['one@1.0.0'] }])
  expect(bill.components.find((c) => c.version === '0.9.0')?.licenses).toEqual([{ license: { id: 'MIT' } }])
  expect(() => billOf({ ...everything, components: [] }, packages)).toThrow('one@0.9.0')
})

test('a package whose licence asks for more than its notice, or whose notice is not there, is told by name', () => {
  const { root, module } = tree({
    free: { name: 'free', version: '1.0.0', license: 'MIT' },
    copyleft: { name: 'copyleft', version: '2.0.0', license: 'GPL-3.0-only' },
    silent: { name: 'silent', version: '3.0.0' },
  })
  const stats = {
    modules: ['free', 'copyleft', 'silent'].map((name) => module(`node_modules/${name}/index.js`)),
  }
  expect(licenceFaults(bundled(stats, root), 'free\nMIT\ncopyleft\nGPL\n')).toEqual([
    'copyleft 2.0.0 is under GPL-3.0-only',
    'silent 3.0.0 is under no licence that it names',
    'the licence of silent 3.0.0 is not in licenses.txt',
  ])
})

test.each([
  ['v1.3.0', ['v1.2.9', 'v1.3.0', 'v1.10.0-rc.1'], 'moves v1'],
  ['v1.2.10', ['v1.2.9', 'v1.2.10', 'v1.3.0'], 'leaves v1'],
  ['v1.10.0', ['v1.9.0', 'v1.10.0'], 'moves v1'],
])('the release of %s beside %j %s', (tag, there, outcome) => {
  const { root } = tree({})
  const gh = join(root, 'gh')
  const refs = there.map((name) => `echo refs/tags/${name};`).join(' ')
  const called = join(root, 'called')
  writeFileSync(
    gh,
    `#!/bin/sh\ncase "$*" in *matching-refs*) ${refs} ;; *) echo "$@" >> ${called} ;; esac\n`,
    { mode: 0o755 },
  )
  const script = workflow('release.yml').jobs.publish?.steps.at(-1)?.run ?? ''
  const env = {
    PATH: `${root}:/usr/bin:/bin`,
    TAG: tag,
    GH_REPO: 'acme/dbt-oidc',
    GITHUB_SHA: 'f'.repeat(40),
  }
  execFileSync('bash', [...BASH, script], { env })
  const calls = existsSync(called) ? readFileSync(called, 'utf8') : ''
  const move = `api --method PATCH repos/acme/dbt-oidc/git/refs/tags/v1 --field force=true --raw-field sha=${env.GITHUB_SHA}\n`
  expect(calls).toBe(outcome === 'moves v1' ? move : '')
})
