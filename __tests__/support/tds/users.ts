import { objectIdOf } from '../entra-tokens.ts'

/** The principals that an administrator has let in who does what stands there. */
export function usersIn(text: string): readonly string[] {
  const bySid = [...text.matchAll(/CREATE USER \S+ WITH SID = 0x([0-9A-F]{32}), TYPE = E;/g)].map(
    ([, sid = '']) => guidOf(sid),
  )
  const byName = [...text.matchAll(/az ad sp show --id ([0-9a-f-]{36}) --query (?:id|displayName)/g)].map(
    ([, app = '']) => app,
  )
  return [...bySid, ...byName].map(objectIdOf)
}

/** `uniqueidentifier` as its bytes lie: the first three groups are little-endian. */
function guidOf(sid: string): string {
  const bytes = Buffer.from(sid, 'hex')
  const groups = [
    [3, 2, 1, 0],
    [5, 4],
    [7, 6],
    [8, 9],
    [10, 11, 12, 13, 14, 15],
  ]
  return groups
    .map((group) => group.map((at) => bytes.subarray(at, at + 1).toString('hex')).join(''))
    .join('-')
}
