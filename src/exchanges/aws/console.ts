import { partitionOf } from './partition.ts'

const HOSTS: Readonly<Record<string, string>> = {
  aws: 'console.aws.amazon.com',
  'aws-cn': 'console.amazonaws.cn',
  'aws-us-gov': 'console.amazonaws-us-gov.com',
}

/** A page of AWS's console; undefined in worlds of AWS whose console nobody here knows. */
export function consoleUrl(region: string, service: string, page: string): string | undefined {
  const host = HOSTS[partitionOf(region)?.name ?? '']
  if (host === undefined) return undefined
  // The region stands in the host of the first world alone.
  const prefix = host === HOSTS['aws'] ? `${region}.` : ''
  return `https://${prefix}${host}/${service}/home?region=${region}#${page}`
}
