import { PARTITION_NAMES } from './partition.ts'

/** The parts of the ARN of an IAM role. */
export interface Role {
  readonly arn: string
  readonly partition: string
  readonly account: string
  /** `/` or `/team/`. */
  readonly path: string
  readonly name: string
}

// IAM: path `/` or `/…/` of printable ASCII, name of at most 64 of these.
const ROLE = new RegExp(
  `^arn:(${PARTITION_NAMES.join('|')}):iam::(\\d{12}):role(/(?:[!-.0-~]+/)*)([\\w+=,.@-]{1,64})$`,
)

/** The parts of a role's ARN; undefined for any other text. */
export function roleOf(arn: string): Role | undefined {
  const [, partition, account, path, name] = ROLE.exec(arn) ?? []
  return partition === undefined || account === undefined || path === undefined || name === undefined
    ? undefined
    : { arn, partition, account, path, name }
}

/** What is wrong with a text that should be the ARN of a role, as the end of a sentence. */
export function roleFlaw(text: string): string | undefined {
  if (roleOf(text)) return undefined
  const wanted = 'write it as arn:aws:iam::123456789012:role/NAME'
  if (!text.startsWith('arn:')) return `is no ARN; ${wanted}`
  const [, partition = '', service, region, account = '', resource = ''] = text.split(':')
  if (!PARTITION_NAMES.includes(partition))
    return `names the partition ${partition}, which is none of ${PARTITION_NAMES.join(', ')}`
  if (service === 'sts') return `is the ARN of a session and not of a role; ${wanted}`
  if (service === 'iam' && region !== '') return `has a region, and roles have none; ${wanted}`
  if (!/^\d{12}$/.test(account)) return `has no account id of 12 digits; ${wanted}`
  if (!resource.startsWith('role/')) return `names no role but ${resource.split('/')[0]}; ${wanted}`
  return `is no ARN of a role; ${wanted}`
}
