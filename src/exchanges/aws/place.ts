import { fail } from '../../errors.ts'
import type { Want } from '../../exchange.ts'
import { roleOf, type Role } from './arn.ts'
import { partitionNamed, partitionOf, type Partition } from './partition.ts'
import type { Settings } from './settings.ts'

/** Where a trade happens: the first role with its partition, and the region of the security token service. */
export interface Place {
  readonly role: Role
  readonly partition: Partition
  /** Of the token service. */
  readonly region: string
  /** Of what the credential is for. */
  readonly wanted: string
  /** Host of the token service. */
  readonly host: string
}

/** Throws `configuration` where role, region and warehouse do not belong together. */
export function placeOf(settings: Settings, want: Want): Place {
  const role = checkedRole(settings.role)
  const partition = partitionNamed(role.partition)
  const region = settings.region ?? want.region
  if (!partition || region === undefined)
    return fail({
      code: 'configuration',
      problem: 'No region is known: neither the identity nor the connection names one.',
      remedy: 'Set `region:` under `identity:` to the region of the warehouse, e.g. eu-west-1.',
    })
  for (const one of [region, want.region ?? region]) {
    const found = partitionOf(one)?.name
    if (found !== partition.name)
      fail({
        code: 'configuration',
        problem: `The region ${one} belongs to the partition ${found ?? 'of no known name'}, but the role ${role.arn} to ${partition.name}.`,
        remedy: `Name a role of ${found ?? 'the right partition'}, or a warehouse in ${partition.name}: no credential crosses from one to the other.`,
      })
  }
  return { role, partition, region, wanted: want.region ?? region, host: `sts.${region}.${partition.suffix}` }
}

/** The audience that AWS's own documentation asks for, in China another than elsewhere. */
export function audienceOf(settings: Settings): string {
  return checkedRole(settings.role).partition === 'aws-cn' ? 'sts.amazonaws.com.cn' : 'sts.amazonaws.com'
}

/** A role's ARN that the settings have accepted already. */
export function checkedRole(arn: string): Role {
  return (
    roleOf(arn) ?? fail({ code: 'internal', problem: `${arn} is no role.`, remedy: 'Report this fault.' })
  )
}
