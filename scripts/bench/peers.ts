import { existsSync, readFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parse } from 'yaml'
import { isRecord, scalarText } from '../../__tests__/support/shape.ts'

/** An action that others have built, as a checkout of a release holds it. */
export interface Peer {
  /** `owner/name` */
  readonly name: string
  /** Of its package.json. */
  readonly version: string
  readonly actionFile: string
  /** What the runner starts. */
  readonly main: string
}

/** The actions that can be run beside ours. */
export const PEERS = [
  'google-github-actions/auth',
  'aws-actions/configure-aws-credentials',
  'hashicorp/vault-action',
  'Azure/login',
] as const

export type PeerName = (typeof PEERS)[number]

/** Those of {@link PEERS} that lie in a directory as `owner/name` or `owner+name`. */
export function peersIn(directory: string): ReadonlyMap<PeerName, Peer> {
  const found = PEERS.flatMap((name) => {
    const places = [name, name.replace('/', '+')].map((part) => join(directory, part, 'action.yml'))
    const actionFile = places.find((path) => existsSync(path))
    return actionFile === undefined ? [] : [[name, read(name, actionFile)] as const]
  })
  if (found.length === 0) throw new Error(`${directory} holds none of ${PEERS.join(', ')}.`)
  return new Map(found)
}

function read(name: string, actionFile: string): Peer {
  const root = dirname(actionFile)
  const action: unknown = parse(readFileSync(actionFile, 'utf8'))
  const runs = isRecord(action) && isRecord(action.runs) ? action.runs : {}
  const main = join(root, scalarText(runs.main))
  // Some build their bundle for a release only, and have none on their main branch.
  if (!existsSync(main)) throw new Error(`${main} is missing: check out a release of ${name}.`)
  const { version = '' } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as {
    version?: string
  }
  return { name, version, actionFile, main }
}
