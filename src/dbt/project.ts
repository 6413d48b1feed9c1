import { join, resolve } from 'node:path'
import { namedFrom } from '../inside.ts'
import { parse } from 'yaml'
import * as z from 'zod/mini'
import { fail } from '../errors.ts'
import { readRegular } from '../regular.ts'
import { nearestProject } from './nearest-project.ts'

/** What this action has to know of dbt_project.yml. */
export interface Project {
  /** Absolute. */
  readonly directory: string
  readonly name: string
  /** Undefined where the file names none, or leaves it to Jinja. */
  readonly profile: string | undefined
  /** Absolute: where the artifacts of a run are written. */
  readonly targetPath: string
  readonly logPath: string
  readonly packagesPath: string
}

type Variables = Readonly<Record<string, string | undefined>>

const FILE = 'dbt_project.yml'

const text = z.optional(z.nullable(z.string()))
const projectFile = z.object({
  name: z.string(),
  profile: text,
  'target-path': text,
  'log-path': text,
  'packages-install-path': text,
})

/** Where a project is looked for, and what its file may refer to. */
export interface Whereabouts {
  /** What dbt will see. */
  readonly env?: Variables
  /** The checkout: no other project is looked for outside of it. */
  readonly workspace?: string
}

/** Reads dbt_project.yml of a directory. Throws `project`. */
export async function readProjectFile(
  directory: string,
  { env = {}, workspace }: Whereabouts = {},
): Promise<Project> {
  const path = join(directory, FILE)
  const source = await readText(path)
  if (source === undefined) return wrongDirectory(directory, workspace ?? directory)
  const parsed = projectFile.safeParse(parseYaml(source, path))
  if (!parsed.success) {
    const keys = [...new Set(parsed.error.issues.map((issue) => issue.path.join('.') || 'the whole file'))]
    fail({
      code: 'project',
      problem: `${path} is no dbt project: ${keys.join(', ')} must be given, as text.`,
      remedy: 'Run `dbt parse` on your own machine to see what dbt says of it.',
    })
  }
  const { data } = parsed
  const place = (key: 'target-path' | 'log-path' | 'packages-install-path', otherwise: string): string =>
    resolve(directory, rendered(data[key] || otherwise, env) ?? unknownPath(key, path))
  return {
    directory,
    name: data.name,
    profile: rendered(data.profile ?? '', env) || undefined,
    targetPath: place('target-path', 'target'),
    logPath: place('log-path', 'logs'),
    packagesPath: place('packages-install-path', 'dbt_packages'),
  }
}

/** The text of a file; undefined where there is none. */
export async function readText(path: string): Promise<string | undefined> {
  const found = await readRegular(path)
  if (found.kind === 'text') return found.text
  if (found.kind === 'missing') return undefined
  return fail({
    code: 'project',
    problem: `${path} cannot be read: ${found.kind === 'directory' ? 'it is a directory' : found.why}.`,
    remedy: 'Check the file in the repository.',
  })
}

/** A YAML file with every scalar as text. */
export function parseYaml(source: string, path: string): unknown {
  try {
    // A name may look like a number; and of two equal keys dbt, too, takes the last.
    return parse(source, { schema: 'failsafe', uniqueKeys: false, logLevel: 'error' })
  } catch (error) {
    const message = error instanceof Error ? (error.message.split('\n')[0] ?? '') : ''
    return fail({
      code: 'project',
      problem: `${path} is no YAML: ${message.replace(/:$/, '')}.`,
      remedy: 'Correct the file.',
      cause: error,
    })
  }
}

/** A plain text or a plain `env_var`; any other Jinja only dbt itself can render. */
function rendered(value: string, env: Variables): string | undefined {
  if (!/\{[{%#]/.test(value)) return value
  const found = /^\s*\{\{\s*env_var\(\s*(['"])(\w+)\1\s*(?:,\s*(['"])([^'"{}]*)\3\s*)?\)\s*\}\}\s*$/.exec(
    value,
  )
  return found ? (env[found[2] ?? ''] ?? found[4]) : undefined
}

function unknownPath(key: string, path: string): never {
  return fail({
    code: 'project',
    problem: `${key} in ${path} is an expression that this action cannot follow, and it has to know where dbt writes.`,
    remedy: `Write ${key} as text, or as {{ env_var('NAME', 'default') }}.`,
  })
}

async function wrongDirectory(directory: string, workspace: string): Promise<never> {
  const found = await nearestProject(directory, workspace)
  return fail({
    code: 'project',
    problem: `There is no ${FILE} in ${directory}.`,
    remedy:
      found === undefined
        ? 'Check out the repository before this step, and name the directory of the project with the input `project-dir`.'
        : `There is one in ${found}: set the input \`project-dir\` to \`${namedFrom(workspace, found) || '.'}\`.`,
  })
}
