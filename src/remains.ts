import { identify, identityText, parseIdentity, type ProcessIdentity } from './process.ts'
import { makePrivateDirectory, type PrivateDirectory } from './files.ts'
import { removePrivateDirectory } from './files/remove.ts'
import type { Host } from './host.ts'
import { newKey, REVOCATION_FILE, seal, type Revocation } from './revocation.ts'

/** What a run leaves behind while it lives, and what the post step knows of it. */
export interface Remains {
  readonly directory: PrivateDirectory
  /** Seals the revocation file; it lives in the step's state and nowhere in the directory. */
  readonly key: string
}

const [PATH, MARKER, KEY, OWED, PROCESS, KEEPER] = ['directory', 'marker', 'key', 'owed', 'process', 'keeper']

/** Makes the private directory; the post step knows of it before anything is written. */
export async function openPrivateDirectory(host: Host): Promise<Remains> {
  const key = newKey()
  const directory = await makePrivateDirectory(host.temp, ({ path, marker }) => {
    host.saveState(PATH, path)
    host.saveState(MARKER, marker)
    host.saveState(KEY, key)
  })
  return { directory, key }
}

/** Keeps what a revocation needs, so that the post step can do it when this process cannot. */
export async function remember({ directory, key }: Remains, revocation: Revocation): Promise<void> {
  await directory.replace(REVOCATION_FILE, seal(revocation, key))
}

/** Lets the post step know which process holds the credential; in the state, since a cancelled run has no directory. */
export function rememberProcess(host: Host, pid: number): void {
  const identity = identify(pid)
  if (identity) host.saveState(PROCESS, identityText(identity))
}

/** The process that was started last; it may have ended long ago, and its number may be somebody else's. */
export function processOf(host: Host): ProcessIdentity | undefined {
  return parseIdentity(host.state(PROCESS))
}

/** Lets the post step know which process renews the credential; false where the system tells no such thing. */
export function rememberKeeper(host: Host, pid: number): boolean {
  const identity = identify(pid)
  if (identity) host.saveState(KEEPER, identityText(identity))
  return identity !== undefined
}

/** There is none: it could not be started. */
export function forgetKeeper(host: Host): void {
  host.saveState(KEEPER, '')
}

/** The process that renews the credential of prepared mode, if one was left. */
export function keeperOf(host: Host): ProcessIdentity | undefined {
  return parseIdentity(host.state(KEEPER))
}

/** Leaves the post step nothing but the sealed revocation, which did not succeed here. */
export async function owe(host: Host, { directory }: Remains): Promise<void> {
  // First: should the process be ended meanwhile, the post step still knows.
  host.saveState(OWED, 'true')
  await directory.keepOnly(REVOCATION_FILE)
}

/** What the post step knows of the directory. */
export interface Left {
  readonly path: string
  readonly marker: string
  readonly key: string
  /** The step itself has tried to revoke, in vain. */
  readonly owed: boolean
}

/** What an earlier process of this step said it would leave; undefined where it left nothing. */
export function remainsOf(host: Host): Left | undefined {
  const path = host.state(PATH)
  if (path === '') return undefined
  return { path, marker: host.state(MARKER), key: host.state(KEY), owed: host.state(OWED) !== '' }
}

/** Removes what is left; a directory that is gone already is fine. */
export async function removeRemains(host: Host, remains: Pick<Left, 'path' | 'marker'>): Promise<void> {
  await removePrivateDirectory(remains.path, remains.marker, host.temp)
}
