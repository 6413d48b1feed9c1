import { execFileSync } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { join, relative, sep } from 'node:path'
import * as z from 'zod/mini'

/** Licences under which a package may come along in dist: each asks for its notice alone, and dist/licenses.txt has it. */
const ALLOWED = new Set(['0BSD', 'Apache-2.0', 'BSD-2-Clause', 'BSD-3-Clause', 'ISC', 'MIT', 'Unlicense'])

interface Module {
  readonly identifier?: string | undefined
  readonly modules?: readonly Module[] | undefined
}

const Module: z.ZodMiniType<Module> = z.object({
  identifier: z.optional(z.string()),
  modules: z.optional(z.array(z.lazy(() => Module))),
})
const Stats = z.object({ modules: z.array(Module) })

const Component = z.looseObject({
  'bom-ref': z.string(),
  name: z.string(),
  version: z.string(),
  licenses: z.optional(
    z.array(z.looseObject({ license: z.optional(z.looseObject({ id: z.optional(z.string()) })) })),
  ),
})
const Dependency = z.looseObject({ ref: z.string(), dependsOn: z.optional(z.array(z.string())) })
const Bill = z.looseObject({
  metadata: z.looseObject({ component: z.looseObject({ 'bom-ref': z.string() }) }),
  components: z.array(Component),
  dependencies: z.array(Dependency),
})

/** A software bill of materials in CycloneDX's JSON, as npm writes it. */
export type Bill = z.infer<typeof Bill>

const Manifest = z.object({
  name: z.string(),
  version: z.string(),
  license: z.optional(z.unknown()),
  // How packages said it before 2014.
  licenses: z.optional(z.array(z.object({ type: z.string() }))),
})

/** A package of which something is in dist. */
export interface Bundled {
  readonly name: string
  readonly version: string
  /** An SPDX expression. */
  readonly license: string | undefined
}

/** Whose modules a build took in, by what webpack wrote of it (`--stats-out` of ncc): one entry a package and version. */
export function bundled(stats: unknown, root: string): readonly Bundled[] {
  const directories = new Set<string>()
  const walk = ({ identifier, modules }: Module): void => {
    const directory = packageOf(identifier ?? '', root)
    if (directory !== undefined) directories.add(directory)
    for (const inner of modules ?? []) walk(inner)
  }
  for (const module of Stats.parse(stats).modules) walk(module)
  return [...directories].toSorted().map((directory) => read(join(root, directory, 'package.json')))
}

/** `node_modules/…` of a module; its identifier is `type|loader!loader!path|hash`. */
function packageOf(identifier: string, root: string): string | undefined {
  const path = (identifier.split('!').at(-1) ?? '').split('|').find((part) => part.startsWith(root))
  if (path === undefined) return undefined
  const inside = relative(root, path).split(sep).join('/')
  return /^(?:.*\/)?(?:node_modules|stubs)\/(?:@[^/]+\/)?[^/]+/.exec(inside)?.[0]
}

function read(file: string): Bundled {
  const { name, version, license, licenses } = Manifest.parse(JSON.parse(readFileSync(file, 'utf8')))
  return { name, version, license: typeof license === 'string' ? license : licenses?.[0]?.type }
}

/** What stands against passing these packages on, in words; nothing where nothing does. `texts` is dist/licenses.txt. */
export function licenceFaults(packages: readonly Bundled[], texts: string): readonly string[] {
  const listed = new Set(texts.split('\n'))
  return packages.flatMap(({ name, version, license }) => [
    ...(license !== undefined && ALLOWED.has(license)
      ? []
      : [`${name} ${version} is under ${license ?? 'no licence that it names'}`]),
    ...(listed.has(name) ? [] : [`the licence of ${name} ${version} is not in licenses.txt`]),
  ])
}

/** npm's bill of everything in package-lock.json, cut down to what is bundled. */
export function billOf(everything: unknown, packages: readonly Bundled[]): Bill {
  const bill = Bill.parse(everything)
  const wanted = new Map(packages.map((one) => [`${one.name}@${one.version}`, one]))
  const components = bill.components.flatMap((component) => {
    const one = wanted.get(`${component.name}@${component.version}`)
    if (one === undefined) return []
    const { properties: _development, scope: _optional, ...rest } = component
    const licenses =
      component.licenses ?? (one.license === undefined ? [] : [{ license: { id: one.license } }])
    return [{ ...rest, scope: 'required', licenses }]
  })
  const missing = [...wanted.keys()].filter(
    (key) => !components.some((c) => `${c.name}@${c.version}` === key),
  )
  if (missing.length > 0)
    throw new Error(`package-lock.json knows nothing of ${missing.join(', ')}, which is bundled`)
  const refs = new Set([
    bill.metadata.component['bom-ref'],
    ...components.map((component) => component['bom-ref']),
  ])
  const dependencies = bill.dependencies
    .filter(({ ref }) => refs.has(ref))
    .map((one) => ({ ...one, dependsOn: (one.dependsOn ?? []).filter((ref) => refs.has(ref)) }))
  return {
    ...bill,
    metadata: {
      ...bill.metadata,
      lifecycles: [{ phase: 'build' }],
      component: { ...bill.metadata.component, name: 'dbt-oidc', type: 'application' },
    },
    components,
    dependencies,
  }
}

/** npm's own bill of materials of everything that package-lock.json names. */
export function npmBill(root: string): unknown {
  const cli = process.env.npm_execpath
  const args = ['sbom', '--package-lock-only', '--sbom-format', 'cyclonedx']
  const [command, ...first] =
    cli !== undefined && /npm-cli\.c?js$/.test(cli) ? [process.execPath, cli] : ['npm']
  const options = { cwd: root, encoding: 'utf8', maxBuffer: 64 * 1024 * 1024 } as const
  return JSON.parse(execFileSync(command, [...first, ...args], options))
}
