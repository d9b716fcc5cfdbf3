/** Ranges of addresses, to tell whether two overlap. */
import { isIPv4, isIPv6 } from 'node:net'

/** As text `10.1.0.0/16`; both ends belong to it. */
export interface AddressRange {
  readonly bits: 32 | 128
  readonly first: bigint
  readonly last: bigint
}

/** A CIDR, or one address. @returns undefined if it is neither. */
export function parseCIDR(text: string): AddressRange | undefined {
  const [address = '', prefix, ...rest] = text.split('/')
  const bits = isIPv4(address) ? 32 : isIPv6(address) && !address.includes('%') ? 128 : undefined
  if (bits === undefined || rest.length > 0) return undefined
  const length = prefix === undefined ? bits : /^\d{1,3}$/.test(prefix) ? Number(prefix) : Number.NaN
  if (!(length <= bits)) return undefined
  const size = 1n << BigInt(bits - length)
  const first = (number(address, bits) / size) * size
  return { bits, first, last: first + size - 1n }
}

export function overlap(one: AddressRange, other: AddressRange): boolean {
  return one.bits === other.bits && one.first <= other.last && other.first <= one.last
}

/** The same addresses in as few CIDRs as possible, sorted: nodes' ranges of /24 become their cluster's /16. What cannot be read is left out. */
export function mergeCIDRs(cidrs: Iterable<string>): string[] {
  const ranges = [...cidrs].flatMap(cidr => parseCIDR(cidr) ?? []).sort(byPosition)
  const joined: AddressRange[] = []
  for (const range of ranges) {
    const before = joined.at(-1)
    if (before === undefined || before.bits !== range.bits || range.first > before.last + 1n)
      joined.push(range)
    else if (range.last > before.last) joined[joined.length - 1] = { ...before, last: range.last }
  }
  return joined.flatMap(range => [...inCIDRs(range)])
}

/** The largest blocks that begin where the range does and stay in it, one after the other. */
function* inCIDRs({ bits, first, last }: AddressRange): Generator<string> {
  for (let start = first; start <= last; ) {
    let length = bits as number
    for (; length > 0; length--) {
      const size = 1n << BigInt(bits - length + 1)
      if (start % size !== 0n || start + size - 1n > last) break
    }
    yield `${text(start, bits)}/${length}`
    start += 1n << BigInt(bits - length)
  }
}

function byPosition(one: AddressRange, other: AddressRange): number {
  if (one.bits !== other.bits) return one.bits - other.bits
  return one.first < other.first ? -1 : one.first > other.first ? 1 : 0
}

function number(address: string, bits: 32 | 128): bigint {
  if (bits === 32) return joinParts(address.split('.').map(Number), 8n)
  const dotted = /[^:]*\.[^:]*$/.exec(address)?.[0]
  if (dotted !== undefined) {
    const low = number(dotted, 32)
    const words = `${(low >> 16n).toString(16)}:${(low & 0xffffn).toString(16)}`
    return number(address.slice(0, -dotted.length) + words, 128)
  }
  const [head = '', tail] = address.split('::')
  const words = (part: string | undefined) =>
    part === undefined || part === '' ? [] : part.split(':').map(word => Number.parseInt(word, 16))
  const [before, after] = [words(head), words(tail)]
  const zeros = new Array<number>(8 - before.length - after.length).fill(0)
  return joinParts([...before, ...zeros, ...after], 16n)
}

function joinParts(parts: readonly number[], width: bigint): bigint {
  return parts.reduce((sum, part) => (sum << width) | BigInt(part), 0n)
}

function text(value: bigint, bits: 32 | 128): string {
  if (bits === 32) return [24n, 16n, 8n, 0n].map(shift => (value >> shift) & 0xffn).join('.')
  const words = Array.from({ length: 8 }, (_, i) => ((value >> BigInt(112 - 16 * i)) & 0xffffn).toString(16))
  // The URL parser knows the canonical form (RFC 5952).
  return new URL(`http://[${words.join(':')}]`).hostname.slice(1, -1)
}
