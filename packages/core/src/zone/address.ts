import { isIPv4, isIPv6 } from 'node:net'
import type { AddressRecord } from './record.ts'

/** The A or AAAA record of an address; undefined if it is none. */
export function addressRecord(address: string): AddressRecord | undefined {
  if (isIPv4(address)) return { type: 'A', address }
  // isIPv6 takes a zone too (`fe80::1%eth0`), which is no part of an address elsewhere.
  if (isIPv6(address) && !address.includes('%')) return { type: 'AAAA', address }
  return undefined
}

/**
 * The label of an endpoint without a hostname, as CoreDNS forms it: `192-0-2-1`, `2001-db8--1`. A label
 * may not end with a dash (RFC 1123), so `2001:db8::` is `2001-db8--0`.
 */
export function addressLabel(address: string): string {
  const label = address.toLowerCase().replaceAll(/[.:]/g, '-')
  return label.endsWith('-') ? `${label}0` : label
}
