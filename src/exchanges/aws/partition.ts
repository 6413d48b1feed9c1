/** A separate world of AWS: its own accounts, regions and endpoints. */
export interface Partition {
  readonly name: string
  readonly regions: RegExp
  /** What follows the region in the name of an endpoint. */
  readonly suffix: string
}

/** As in the `partitions.json` that all AWS SDKs share; the first one takes what no other does. */
const PARTITIONS: readonly Partition[] = [
  { name: 'aws-cn', regions: /^cn-\w+-\d+$/, suffix: 'amazonaws.com.cn' },
  { name: 'aws-us-gov', regions: /^us-gov-\w+-\d+$/, suffix: 'amazonaws.com' },
  { name: 'aws-eusc', regions: /^eusc-\w+-\w+-\d+$/, suffix: 'amazonaws.eu' },
  { name: 'aws-iso', regions: /^us-iso-\w+-\d+$/, suffix: 'c2s.ic.gov' },
  { name: 'aws-iso-b', regions: /^us-isob-\w+-\d+$/, suffix: 'sc2s.sgov.gov' },
  { name: 'aws-iso-e', regions: /^eu-isoe-\w+-\d+$/, suffix: 'cloud.adc-e.uk' },
  { name: 'aws-iso-f', regions: /^us-isof-\w+-\d+$/, suffix: 'csp.hci.ic.gov' },
  { name: 'aws', regions: /^(?:us|eu|ap|sa|ca|me|af|il|mx)-\w+-\d+$/, suffix: 'amazonaws.com' },
]

/** The names of all partitions, for a pattern. */
export const PARTITION_NAMES = PARTITIONS.map(({ name }) => name)

/** The partition that a region belongs to; undefined for what is no region. */
export function partitionOf(region: string): Partition | undefined {
  return PARTITIONS.find(({ regions }) => regions.test(region))
}

/** The partition of this name. */
export function partitionNamed(name: string): Partition | undefined {
  return PARTITIONS.find((partition) => partition.name === name)
}

/** What follows the region in the name of an endpoint; undefined for what is no region. */
export function suffixOf(region: string): string | undefined {
  return partitionOf(region)?.suffix
}

/** Whether a host is the endpoint of a service of AWS in one of its regions: `athena.eu-west-1.amazonaws.com`. */
export function isEndpoint(host: string): boolean {
  const [, region = '', suffix] = /^[a-z0-9-]+\.([a-z0-9-]+)\.(.+)$/.exec(host.toLowerCase()) ?? []
  return suffix !== undefined && suffixOf(region) === suffix
}
