import { BlockList, isIP } from 'node:net'
import { fail } from '../errors.ts'
import { isLoopback, type Rehearsal } from '../rehearsal.ts'

/**
 * The parsed address of a request that may leave; throws `blocked-host` for any other. In a rehearsal everything goes
 * to loopback; outside of one everything goes over TLS, and never to a machine's own metadata service.
 */
export function allowedAddress(text: string, rehearsal: Rehearsal | undefined): URL {
  const url = URL.parse(text)
  if (!url) return blocked('A request was about to go to something that is no URL.')
  const place = `${url.protocol}//${url.host}`
  if (url.protocol !== 'https:' && url.protocol !== 'http:') {
    return blocked(`A request was about to go to ${place}, which is neither https nor http.`)
  }
  // A user in front of the host is how one host is made to look like another; no endpoint of ours has one.
  if (url.username || url.password)
    return blocked(`The address of ${url.host} carries a user name or password.`)
  if (rehearsal) {
    if (isLoopback(text)) return url
    return blocked(
      `This is a rehearsal (GITHUB_SERVER_URL is ${rehearsal.server}), and a request was about to leave this machine for ${place}.`,
    )
  }
  if (url.protocol === 'http:') return blocked(`A request was about to go to ${place} without TLS.`)
  if (isMetadata(url.hostname))
    return blocked(`${url.host} is the metadata service of a machine, not an endpoint.`)
  return url
}

function blocked(problem: string): never {
  return fail({
    code: 'blocked-host',
    problem,
    remedy:
      'Check the addresses in the configuration: outside a rehearsal they are https URLs of the provider, in a rehearsal loopback addresses.',
  })
}

const metadataNames = /^(metadata|metadata\.google\.internal|metadata\.goog|instance-data)\.?$/

function isMetadata(hostname: string): boolean {
  const address = hostname.replace(/^\[|\]$/g, '')
  const family = isIP(address)
  if (family === 0) return metadataNames.test(hostname)
  return metadataAddresses().check(address, family === 6 ? 'ipv6' : 'ipv4')
}

function metadataAddresses(): BlockList {
  const list = new BlockList() // an IPv4 rule also holds for the IPv6 spelling ::ffff:a.b.c.d
  list.addSubnet('169.254.0.0', 16)
  list.addSubnet('fe80::', 10, 'ipv6')
  list.addSubnet('fd00:ec2::', 32, 'ipv6')
  list.addAddress('fd20:ce::254', 'ipv6')
  list.addAddress('100.100.100.200')
  list.addAddress('168.63.129.16')
  list.addAddress('192.0.0.192')
  return list
}
