import { readFileSync } from 'node:fs'
import { registerHooks, stripTypeScriptTypes } from 'node:module'
import { join } from 'node:path'
import { fileURLToPath, pathToFileURL } from 'node:url'
import { inspect } from 'node:util'
import { declaredBy, runTests, type Declared } from './globals.ts'

/**
 * A test runner for Stryker that loads tests into its own process. jest takes half a second for each mutant before the
 * first test begins, which is most of the time where tests are fast; here a mutant costs the tests that reach it. Each has
 * the modules of the sources to itself, as under jest, so that nothing one has put into a cache is seen by the next.
 */
export const strykerPlugins = [{ kind: 'TestRunner', name: 'in-process', factory: createRunner }]

/** By this name the variable tells which files of tests to load. */
export const TESTS = 'MUTATION_TESTS'

interface Coverage {
  static: Record<string, number>
  perTest: Record<string, Record<string, number>>
}

/** What the instrumented sources look at. */
interface Switch {
  activeMutant: string | undefined
  currentTestId: string | undefined
  mutantCoverage: Coverage | undefined
  hitCount: number | undefined
  hitLimit: number | undefined
}

declare global {
  var __stryker__: Switch
}

interface MutantRun {
  readonly activeMutant: { readonly id: string }
  readonly testFilter?: readonly string[]
  readonly hitLimit?: number
}

function createRunner(): unknown {
  const names = (process.env[TESTS] ?? '').split(',')
  globalThis.__stryker__ = {
    activeMutant: undefined,
    currentTestId: undefined,
    mutantCoverage: undefined,
    hitCount: undefined,
    hitLimit: undefined,
  }
  const load = loader(names)
  return {
    capabilities: () => ({ reloadEnvironment: true }),
    init: () => import(pathToFileURL(join(process.cwd(), 'scripts', 'mutation', 'seed.ts')).href),
    dryRun: () => dryRun(load),
    mutantRun: (options: MutantRun) => mutantRun(load, options),
  }
}

async function dryRun(load: () => Promise<readonly Declared[]>): Promise<unknown> {
  const mutantCoverage: Coverage = { static: {}, perTest: {} }
  __stryker__.mutantCoverage = mutantCoverage
  const tests = await load()
  const results: unknown[] = []
  await runTests(tests, async ({ id, name, file }, body) => {
    __stryker__.currentTestId = id
    const started = performance.now()
    const failure = await failureOf(body)
    __stryker__.currentTestId = undefined
    const result = { id, name, fileName: file, timeSpentMs: performance.now() - started }
    results.push(
      failure === undefined ? { ...result, status: 0 } : { ...result, status: 1, failureMessage: failure },
    )
    return true
  })
  __stryker__.mutantCoverage = undefined
  return { status: 'complete', tests: results, mutantCoverage }
}

async function mutantRun(
  load: () => Promise<readonly Declared[]>,
  { activeMutant, testFilter, hitLimit }: MutantRun,
): Promise<unknown> {
  // Stryker waits for a hundred times the visits of a run without the mutant, which in a loop that grows takes a minute.
  const limit = hitLimit === undefined ? undefined : hitLimit / 10
  Object.assign(__stryker__, { activeMutant: activeMutant.id, hitCount: 0, hitLimit: limit })
  let [count, killedBy, failureMessage]: [number, string | undefined, string] = [0, undefined, '']
  const failed = await failureOf(async () => {
    const tests = await load()
    const chosen = testFilter ? tests.filter(({ id }) => testFilter.includes(id)) : tests
    await runTests(chosen, async ({ id }, body) => {
      count += 1
      const failure = await failureOf(body)
      if (failure !== undefined) [killedBy, failureMessage] = [id, failure]
      return failure === undefined
    })
  })
  const hits = __stryker__.hitCount ?? 0
  Object.assign(__stryker__, { activeMutant: undefined, hitCount: undefined, hitLimit: undefined })
  if (limit !== undefined && hits > limit) return { status: 'timeout', reason: `${hits} hits` }
  // A module that no longer loads fails every test of it.
  if (killedBy === undefined && failed === undefined) return { status: 'survived', nrOfTests: count }
  const killer = killedBy ?? testFilter?.[0] ?? 'load'
  return { status: 'killed', killedBy: [killer], failureMessage: failed ?? failureMessage, nrOfTests: count }
}

/** What a test throws, be it in a promise of which nobody knows. */
async function failureOf(body: () => Promise<void>): Promise<string | undefined> {
  let stray: unknown
  const onStray = (error: unknown): void => {
    stray ??= error ?? new Error('nothing')
  }
  process.on('uncaughtException', onStray).on('unhandledRejection', onStray)
  try {
    await body()
    return stray === undefined ? undefined : inspect(stray)
  } catch (error) {
    return inspect(error)
  } finally {
    process.off('uncaughtException', onStray).off('unhandledRejection', onStray)
  }
}

/** Loads the tests, and all that they load of the sandbox, anew at each call. */
function loader(names: readonly string[]): () => Promise<readonly Declared[]> {
  const root = `${pathToFileURL(process.cwd()).href}/`
  const globals = new URL('globals.ts', import.meta.url).href
  const stripped = new Map<string, string>()
  let round = 0
  registerHooks({
    resolve(specifier, context, next) {
      if (specifier === '@jest/globals') return { url: globals, shortCircuit: true }
      const found = next(specifier, context)
      const ours = round > 0 && found.url.startsWith(root) && !found.url.includes('/node_modules/')
      return ours ? { ...found, url: `${found.url}?round=${round}` } : found
    },
    load(url, context, next) {
      const [path = ''] = url.split('?')
      if (!url.startsWith(root) || !path.endsWith('.ts')) return next(url, context)
      const source = stripped.get(path) ?? stripTypeScriptTypes(readFileSync(fileURLToPath(path), 'utf8'))
      stripped.set(path, source)
      return { format: 'module', source, shortCircuit: true }
    },
  })
  return async () => {
    round += 1
    const all: Declared[] = []
    for (const name of names) {
      const file = join(process.cwd(), '__tests__', `${name}.test.ts`)
      all.push(...(await declaredBy(file, () => import(pathToFileURL(file).href))))
    }
    return all
  }
}
