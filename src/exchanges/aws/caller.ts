import type { Aws } from '../../credential.ts'
import type { Io } from '../../exchange.ts'
import type { Finding } from '../../warehouse.ts'
import { roleOf } from './arn.ts'
import { placeOf } from './place.ts'
import { ask } from './query.ts'
import { textAt } from './xml.ts'

/** Who AWS says we are (GetCallerIdentity, which every session may call), beside the role that was asked for. */
export async function callerIdentity(keys: Aws, role: string, io: Io): Promise<readonly Finding[]> {
  const asked = roleOf(role)
  const place = placeOf({ role }, { region: keys.region })
  const answer = await ask({ action: 'GetCallerIdentity', input: {}, place, keys, role }, io)
  // arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION
  const [, name] = textAt(answer, 'Arn')?.split(':').at(-1)?.split('/') ?? []
  return [
    { what: 'AWS account', expected: asked?.account, actual: textAt(answer, 'Account') },
    { what: 'role', expected: asked?.name, actual: name },
  ]
}
