import type { Access } from './access.ts'
import type { Config } from './config.ts'
import type { ReadyDbt } from './dbt/run.ts'
import { exportAll } from './exports.ts'
import type { Host } from './host.ts'
import { isRunMode } from './mode.ts'
import { pluginForOne } from './keepalive/plugin-files.ts'
import { writeProfile, type SecretSource } from './profile.ts'

/**
 * Writes profiles.yml into the private directory. In run mode its secrets are references to dbt's environment; in
 * prepared mode they stand in the file (0600) until the post step.
 */
export async function keepProfile(
  config: Config,
  access: Access,
  host: Host,
  { profileName, bin }: ReadyDbt,
): Promise<void> {
  const secrets = await access.secrets()
  const source = (name: string): SecretSource =>
    isRunMode(config)
      ? { kind: 'env', variable: access.variable(name) }
      : { kind: 'literal', text: secrets[name] ?? '' }
  const text = writeProfile({
    profile: profileName,
    target: access.target.name,
    output: access.output,
    secrets: source,
  })
  await access.directory.write('profiles.yml', text)
  if (isRunMode(config)) return
  const forOne =
    access.pythonPath === undefined ? {} : pluginForOne(access.target.acceptance.keepAlive, secrets)
  for (const [name, content] of Object.entries(forOne)) await access.directory.replace(name, content)
  if (config.outputCredential) handOut(secrets, host)
  if (config.exportEnv) {
    const plugin = access.pythonPath === undefined ? {} : { PYTHONPATH: access.pythonPath }
    exportAll(host, { DBT_PROFILES_DIR: access.directory.path, ...plugin, ...access.env })
    if (bin !== undefined) host.addPath(bin)
  }
}

/** The credential as an output: in clear for every later step that asks for it, so the log says so. */
function handOut(secrets: Readonly<Record<string, string>>, host: Host): void {
  const [only, ...more] = Object.values(secrets)
  if (only === undefined) return
  const value = more.length === 0 ? only : JSON.stringify(secrets)
  host.writer.mask(value)
  host.output('credential', value)
  host.writer.warning(
    'The credential is an output of this step: every later step that reads it can use it.',
    {
      title: 'dbt-oidc: output-credential',
    },
  )
}
