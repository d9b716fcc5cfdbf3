import { isIPv4, isIPv6 } from 'node:net'

export type IPFamily = 'IPv4' | 'IPv6'

/** An IP address as a number, so that ranges are arithmetic. */
export interface IPAddress {
  readonly family: IPFamily
  readonly value: bigint
}

export const BITS: Readonly<Record<IPFamily, number>> = { IPv4: 32, IPv6: 128 }

/** Reads an address in any textual form that RFC 4291 allows; undefined for anything else, zones included. */
export function parseAddress(text: string): IPAddress | undefined {
  if (isIPv4(text)) return { family: 'IPv4', value: fromOctets(text) }
  if (isIPv6(text) && !text.includes('%')) return { family: 'IPv6', value: fromGroups(text) }
  return undefined
}

/** The text of an address in the form of RFC 5952: the one that Kubernetes writes. */
export function formatAddress({ family, value }: IPAddress): string {
  if (family === 'IPv4') return dotted(value)
  if (isIPv4Mapped({ family, value })) return `::ffff:${dotted(value & 0xffff_ffffn)}`
  const groups = Array.from({ length: 8 }, (_, i) => Number((value >> BigInt(112 - 16 * i)) & 0xffffn))
  const { start, length } = longestZeroRun(groups)
  const hex = groups.map(group => group.toString(16))
  if (length < 2) return hex.join(':')
  return `${hex.slice(0, start).join(':')}::${hex.slice(start + length).join(':')}`
}

/** `::ffff:a.b.c.d`: to Go and to Kubernetes an IPv4 address in disguise. */
export function isIPv4Mapped({ family, value }: IPAddress): boolean {
  return family === 'IPv6' && value >> 32n === 0xffffn
}

/** The family of an address that has been validated; text without a colon counts as IPv4, as in Kubernetes. */
export function familyOf(text: string): IPFamily {
  return text.includes(':') ? 'IPv6' : 'IPv4'
}

export function otherFamily(family: IPFamily): IPFamily {
  return family === 'IPv4' ? 'IPv6' : 'IPv4'
}

function fromOctets(text: string): bigint {
  return text.split('.').reduce((sum, octet) => (sum << 8n) | BigInt(octet), 0n)
}

function fromGroups(text: string): bigint {
  const tail = text.slice(text.lastIndexOf(':') + 1)
  if (tail.includes('.')) {
    const low = fromOctets(tail)
    const hex = `${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`
    return fromGroups(text.slice(0, -tail.length) + hex)
  }
  const [head = '', rest] = text.split('::')
  const left = head === '' ? [] : head.split(':')
  const right = rest === undefined || rest === '' ? [] : rest.split(':')
  const zeros = Array.from({ length: 8 - left.length - right.length }, () => '0')
  return [...left, ...zeros, ...right].reduce((sum, group) => (sum << 16n) | BigInt(`0x${group}`), 0n)
}

function dotted(value: bigint): string {
  return [24n, 16n, 8n, 0n].map(shift => ((value >> shift) & 0xffn).toString()).join('.')
}

/** The first of the longest runs of zero groups: RFC 5952 shortens that one. */
function longestZeroRun(groups: readonly number[]): { start: number; length: number } {
  let best = { start: 0, length: 0 }
  let start = 0
  groups.forEach((group, i) => {
    if (group !== 0) start = i + 1
    else if (i + 1 - start > best.length) best = { start, length: i + 1 - start }
  })
  return best
}
