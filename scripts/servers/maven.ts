import { spawnSync } from 'node:child_process'
import { existsSync, mkdtempSync, renameSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { runCommand } from './command.ts'

/** An artifact of Maven Central. */
export interface Coordinates {
  readonly group: string
  readonly artifact: string
  readonly version: string
  readonly extension: string
}

const PLUGIN = 'org.apache.maven.plugins:maven-dependency-plugin:3.8.1:copy'

/** Downloads an artifact into a directory, its checksum compared, and returns its path. `size` is for whoever waits. */
export async function download(
  wanted: Coordinates,
  directory: string,
  { size }: { readonly size: string },
): Promise<string> {
  const coordinates = [wanted.group, wanted.artifact, wanted.version, wanted.extension].join(':')
  const { env } = process
  if (spawnSync('mvn', ['--version'], { stdio: 'ignore', env }).status !== 0)
    throw new Error(
      `${coordinates} comes from Maven Central, and there is no working \`mvn\` on PATH: install Maven 3.6 or later (Debian and Ubuntu have it in maven).`,
    )
  // A repository of its own, thrown away: the file would otherwise lie in ~/.m2 for ever, beside what we make of it.
  const work = mkdtempSync(join(directory, 'maven-'))
  try {
    // What a checksum does not fit ends the build, and so does a missing one.
    const flags = ['-q', '-B', '--strict-checksums', `-Dmaven.repo.local=${join(work, 'repository')}`]
    const goal = [
      PLUGIN,
      `-Dartifact=${coordinates}`,
      `-DoutputDirectory=${work}`,
      '-Dmdep.useBaseVersion=true',
    ]
    await runCommand(`Downloading ${coordinates} (${size}, once)`, 'mvn', [...flags, ...goal], { env })
    const name = `${wanted.artifact}-${wanted.version}.${wanted.extension}`
    if (!existsSync(join(work, name)))
      throw new Error('Maven says that it succeeded, but the file is not there.')
    renameSync(join(work, name), join(directory, name))
    return join(directory, name)
  } catch (cause) {
    throw new Error(`${coordinates} could not be had from Maven Central. ${String(cause)}`, { cause })
  } finally {
    rmSync(work, { recursive: true, force: true })
  }
}
