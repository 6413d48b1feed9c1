import { createRequire } from 'node:module'
import { format } from 'node:util'

/** A test as it was declared, to be run whenever. */
export interface Declared {
  readonly id: string
  readonly name: string
  readonly file: string
  readonly body: () => unknown
  /** The blocks that it stands in, from the file on. */
  readonly blocks: readonly Block[]
}

type Hook = () => unknown

interface Block {
  readonly name: string
  readonly beforeAll: Hook[]
  readonly beforeEach: Hook[]
  readonly afterEach: Hook[]
  readonly afterAll: Hook[]
}

type Named = (name: string, body: (...row: readonly unknown[]) => unknown) => void

const within = createRequire(createRequire(import.meta.url).resolve('jest/package.json'))

let declared: Declared[] = []
let file = ''
let open: Block[] = []

const block = (name: string): Block => ({
  name,
  beforeAll: [],
  beforeEach: [],
  afterEach: [],
  afterAll: [],
})

/** What a file declares while it is loaded. */
export async function declaredBy(name: string, load: () => Promise<unknown>): Promise<readonly Declared[]> {
  declared = []
  file = name
  open = [block(name)]
  await load()
  return declared
}

function declare(name: string, body: (...row: readonly unknown[]) => unknown): void {
  const path = [...open.slice(1).map((one) => one.name), name].join(' ')
  // Two tests may have one name; which one is meant is told by their number.
  const id = `${file} ${declared.length} ${path}`
  declared.push({ id, name: path, file, body, blocks: [...open] })
}

function inside(name: string, body: (...row: readonly unknown[]) => unknown): void {
  open.push(block(name))
  body()
  open.pop()
}

/** Each row of a table; one that is no list is an only argument. */
function each(of: Named) {
  return (table: readonly unknown[]): Named =>
    (name, body) => {
      for (const one of table) {
        const row: readonly unknown[] = Array.isArray(one) ? one : [one]
        of(format(name.replaceAll('%%', ''), ...row), () => body(...row))
      }
    }
}

function innermost(hook: 'beforeAll' | 'beforeEach' | 'afterEach' | 'afterAll') {
  return (body: Hook): void => void open.at(-1)?.[hook].push(body)
}

/** What `@jest/globals` gives a test, as far as the tests of a group use it. */
export const test = Object.assign(declare, { each: each(declare) })
export const describe = Object.assign(inside, { each: each(inside) })
export const beforeAll = innermost('beforeAll')
export const beforeEach = innermost('beforeEach')
export const afterEach = innermost('afterEach')
export const afterAll = innermost('afterAll')
export const expect: unknown = within('expect').expect
const { ModuleMocker } = within('jest-mock')
export const jest: unknown = Object.assign(new ModuleMocker(globalThis), { setTimeout: () => {} })

/** Runs tests in their order, with the hooks of the blocks about each; stops when `stop` says so. */
export async function runTests(
  tests: readonly Declared[],
  run: (test: Declared, body: () => Promise<void>) => Promise<boolean>,
): Promise<void> {
  const entered: Block[] = []
  for (const one of tests) {
    const goesOn = await run(one, async () => {
      for (const each of one.blocks) {
        if (entered.includes(each)) continue
        entered.push(each)
        for (const hook of each.beforeAll) await hook()
      }
      await withHooks(one)
    })
    if (!goesOn) break
  }
  for (const each of entered.toReversed()) for (const hook of each.afterAll) await hook()
}

async function withHooks({ blocks, body }: Declared): Promise<void> {
  for (const each of blocks) for (const hook of each.beforeEach) await hook()
  try {
    await body()
  } finally {
    for (const each of blocks.toReversed()) for (const hook of each.afterEach) await hook()
  }
}
