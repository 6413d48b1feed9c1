import type { Config } from './config.ts'
import { parseRun } from './dbt/command.ts'
import { runDbt, prepareDbt } from './dbt/run.ts'
import type { Credential, Kind } from './credential.ts'
import { fail } from './errors.ts'
import type { Host } from './host.ts'
import { writeProfile } from './profile.ts'
import { openPrivateDirectory } from './remains.ts'
import { secretNames } from './secret-names.ts'

/** `without-token: parse`: runs `dbt parse` with a profile that holds no credential. Returns whether dbt was content. */
export async function parseOnly(config: Config, host: Host): Promise<boolean> {
  const [first] = config.targets.values()
  const target = (config.asked === undefined ? first : config.targets.get(config.asked)) ?? noTarget()
  const { commands } = parseRun('parse')
  const deps = config.commands.filter((command) => command.subcommand === 'deps')
  const parsing = { ...config, commands: [...deps, ...commands], state: undefined, artifactsDir: undefined }
  const ready = await prepareDbt(parsing, target, host)
  const { directory } = await openPrivateDirectory(host)
  await using _ = { [Symbol.asyncDispose]: () => directory.remove() }
  const carried = target.bound.carry(nobody(target.acceptance.kind), directory.path)
  const output = new Map([...target.output, ...Object.entries(carried.fields)])
  const text = writeProfile({
    profile: ready.profileName,
    target: target.name,
    output,
    secrets: () => ({ kind: 'literal', text: 'no-credential' }),
  })
  await directory.write('profiles.yml', text)
  const reach = {
    target,
    directory,
    env: carried.env,
    variable: secretNames(),
    secrets: async () => ({}),
    explain: async () => undefined,
    pythonPath: undefined,
    onLoopback: false,
  }
  const result = await runDbt(parsing, reach, ready, host)
  if (result.ok) host.writer.line('dbt parsed the project without credentials.')
  return result.ok
}

function noTarget(): never {
  return fail({
    code: 'configuration',
    problem: 'There is no target to parse for.',
    remedy: 'Name one in `target`.',
  })
}

/** A credential that opens nothing, so that the profile has the shape that dbt expects. */
function nobody(kind: Kind): Credential {
  const [text, expiresAt] = ['no-credential', new Date(0)]
  switch (kind) {
    case 'id-token':
    case 'bearer':
      return { kind, token: text, expiresAt }
    case 'aws':
      return { kind, accessKeyId: text, secretAccessKey: text, sessionToken: text, region: 'none', expiresAt }
    case 'password':
      return { kind, user: text, password: text, expiresAt }
    case 'key-pair':
      return { kind, user: text, privateKey: text, expiresAt }
    case 'none':
      return { kind, expiresAt: null }
  }
}
