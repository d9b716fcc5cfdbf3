import { BlockList, isIPv4, isIPv6 } from 'node:net'
import type { IPFamily } from '@isthmus/api'

/**
 * Addresses that no endpoint may have: EndpointSlice validation refuses the first four kinds; the
 * IPv4-mapped form would smuggle them past a check of either family.
 */
const REFUSED: readonly (readonly [
  what: string,
  network: string,
  prefix: number,
  family: 'ipv4' | 'ipv6',
])[] = [
  ['loopback', '127.0.0.0', 8, 'ipv4'],
  ['loopback', '::1', 128, 'ipv6'],
  // Where clouds hand out credentials to whoever asks from inside.
  ['metadata service', '169.254.169.254', 32, 'ipv4'],
  ['metadata service', 'fd00:ec2::254', 128, 'ipv6'],
  ['link-local', '169.254.0.0', 16, 'ipv4'],
  ['link-local', 'fe80::', 10, 'ipv6'],
  ['multicast', '224.0.0.0', 4, 'ipv4'],
  ['multicast', 'ff00::', 8, 'ipv6'],
  ['unspecified', '0.0.0.0', 8, 'ipv4'],
  ['unspecified', '::', 128, 'ipv6'],
  ['broadcast', '255.255.255.255', 32, 'ipv4'],
  ['IPv4-mapped', '::ffff:0.0.0.0', 96, 'ipv6'],
]

const LISTS = REFUSED.map(([what, network, prefix, family]) => {
  const list = new BlockList()
  list.addSubnet(network, prefix, family)
  return { what, family, list }
})

/** Why an endpoint may not have this address; undefined where it may. */
export function refusedAddress(address: unknown, family: IPFamily): string | undefined {
  if (typeof address !== 'string') return 'is not text'
  const type = family === 'IPv4' ? 'ipv4' : 'ipv6'
  // A zone (`fe80::1%eth0`) is accepted by isIPv6 and means nothing in another cluster.
  const wellFormed = type === 'ipv4' ? isIPv4(address) : isIPv6(address) && !address.includes('%')
  if (!wellFormed) return `is not an ${family} address`
  const hit = LISTS.find(entry => entry.family === type && entry.list.check(address, type))
  return hit === undefined ? undefined : `is a ${hit.what} address`
}
