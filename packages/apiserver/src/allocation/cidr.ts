import { BITS, formatAddress, type IPAddress, type IPFamily, parseAddress } from './ip-address.ts'

/** A range of addresses: `first` and `last` are the network address and the highest address. */
export interface CIDR {
  readonly family: IPFamily
  readonly prefixLength: number
  readonly first: bigint
  readonly last: bigint
}

/** Reads `10.96.0.0/16`; bits below the prefix are dropped. Undefined for anything else. */
export function parseCIDR(text: string): CIDR | undefined {
  const slash = text.lastIndexOf('/')
  const length = text.slice(slash + 1)
  const address = parseAddress(text.slice(0, Math.max(slash, 0)))
  if (address === undefined || !/^(0|[1-9]\d{0,2})$/.test(length)) return undefined
  const bits = BITS[address.family]
  const prefixLength = Number(length)
  if (prefixLength > bits) return undefined
  const size = 1n << BigInt(bits - prefixLength)
  const first = address.value - (address.value % size)
  return { family: address.family, prefixLength, first, last: first + size - 1n }
}

export function formatCIDR({ family, first, prefixLength }: CIDR): string {
  return `${formatAddress({ family, value: first })}/${prefixLength}`
}

export function containsAddress(cidr: CIDR, { family, value }: IPAddress): boolean {
  return family === cidr.family && value >= cidr.first && value <= cidr.last
}
