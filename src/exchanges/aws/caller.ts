import type { Aws } from '../../credential.ts'
import type { Io } from '../../exchange.ts'
import type { Finding } from '../../warehouse.ts'
import { roleOf } from './arn.ts'
import { placeOf } from './place.ts'
import { openSts, refusal } from './sts.ts'

/** Who AWS says we are (GetCallerIdentity, which every session may call), beside the role that was asked for. */
export async function callerIdentity(credential: Aws, role: string, io: Io): Promise<readonly Finding[]> {
  const asked = roleOf(role)
  const client = await openSts(placeOf({ role }, { region: credential.region }), io, credential)
  try {
    const { GetCallerIdentityCommand } = await import('@aws-sdk/client-sts')
    const { Account, Arn = '' } = await client.send(new GetCallerIdentityCommand({}))
    // arn:aws:sts::ACCOUNT:assumed-role/NAME/SESSION
    const [, name] = Arn.split(':').at(-1)?.split('/') ?? []
    return [
      { what: 'AWS account', expected: asked?.account, actual: Account },
      { what: 'role', expected: asked?.name, actual: name },
    ]
  } catch (error) {
    throw refusal(error, role)
  } finally {
    client.destroy()
  }
}
