import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import type { DbtRun } from './dbt-stub.ts'
import { formsIn, formsOf, type Form } from './leak-forms.ts'
import { filesBelow } from './scratch.ts'
import type { StepResult } from './step.ts'

/** A secret that stands where it must not. */
export interface Leak {
  readonly secret: string
  readonly form: string
  readonly place: string
}

/** Where to look; names of texts and directories become names of places. */
export interface Places {
  readonly texts?: Readonly<Record<string, string>>
  /** Every file below is read, whatever it is; a file's place is `name/relative/path`. */
  readonly directories?: Readonly<Record<string, string>>
  readonly argv?: readonly (readonly string[])[]
  /** Environments of dbt: a secret is at home under `DBT_ENV_SECRET_DBT_OIDC_*` and nowhere else. */
  readonly dbtEnv?: readonly Readonly<Record<string, string>>[]
}

const home = /^DBT_ENV_SECRET_DBT_OIDC_/

/** Looks for each secret, by name, in every form and place. */
export function scanForLeaks(secrets: Readonly<Record<string, string>>, places: Places): Leak[] {
  const forms = Object.entries(secrets).map(([name, secret]) => [name, formsOf(secret)] as const)
  if (forms.some(([, needles]) => needles.length === 0)) throw new Error('an empty secret is found nowhere')
  const leaks: Leak[] = []
  for (const [place, content] of contentsOf(places)) leaks.push(...leaksIn(place, content, forms))
  return leaks
}

/** All places of a step, its post step if it ran, and the dbt processes that it started. */
export function placesOf(steps: readonly StepResult[], runs: readonly DbtRun[] = []): Places {
  const texts = steps.flatMap((step, index) => {
    const suffix = index === 0 ? '' : ` of step ${index + 1}`
    const files = step.commandFiles
    return [
      [`log${suffix}`, step.log.text],
      [`full log${suffix}`, step.fullLog.text],
      [`stderr${suffix}`, step.stderr],
      [`summary${suffix}`, files.summary],
      [`GITHUB_ENV${suffix}`, files.env],
      [`GITHUB_OUTPUT${suffix}`, files.output],
      [`GITHUB_STATE${suffix}`, files.state],
      [`GITHUB_PATH${suffix}`, files.path],
    ] as const
  })
  const workspace = steps[0]?.paths.workspace
  return {
    texts: Object.fromEntries(texts),
    directories: workspace === undefined ? {} : { workspace },
    argv: runs.map(({ argv }) => argv),
    dbtEnv: runs.map(({ env }) => env),
  }
}

function leaksIn(
  place: string,
  content: Buffer,
  secrets: readonly (readonly [string, readonly Form[]])[],
): Leak[] {
  return secrets.flatMap(([secret, forms]) =>
    formsIn(content, forms).map((form) => ({ secret, form, place })),
  )
}

function* contentsOf(places: Places): Generator<[place: string, content: Buffer]> {
  for (const [name, text] of Object.entries(places.texts ?? {})) yield [name, Buffer.from(text)]
  for (const [name, directory] of Object.entries(places.directories ?? {})) {
    for (const path of filesBelow(directory)) {
      yield [
        `${name}/${path}`,
        Buffer.concat([Buffer.from(`${path}\n`), readFileSync(join(directory, path))]),
      ]
    }
  }
  for (const argv of places.argv ?? []) yield ['argv', Buffer.from(argv.join('\n'))]
  for (const env of places.dbtEnv ?? []) {
    for (const [name, value] of Object.entries(env)) {
      if (!home.test(name)) yield [`dbt env ${name}`, Buffer.from(`${name}=${value}`)]
    }
  }
}
