import { type CIDR, containsAddress, formatCIDR } from './cidr.ts'
import { formatAddress, type IPAddress, parseAddress } from './ip-address.ts'
import { OffsetPool, type RandomBelow } from './offset-pool.ts'

/** Why an address cannot be had, in kube-apiserver's words; they end up in the causes of a refusal. */
export type AllocationRefusal =
  | 'provided IP is already allocated'
  | 'the provided network does not match the current range'
  | 'range is full'

/** Larger ranges are used up to this many addresses: an offset stays a safe integer, and nobody has more Services. */
const LARGEST_POOL = 2 ** 32

/** Service IPs of one family, out of one or more ranges. */
export class ServiceIPAllocator {
  readonly #ranges: readonly AddressRange[]

  constructor(cidrs: readonly CIDR[], random?: RandomBelow) {
    this.#ranges = cidrs.map(cidr => new AddressRange(cidr, random))
  }

  /** What would stand in the way of `take`, without taking. */
  refusal(text: string): AllocationRefusal | undefined {
    const address = parseAddress(text)
    const range = address && this.#rangeOf(address)
    if (address === undefined || range === undefined) {
      return 'the provided network does not match the current range'
    }
    return range.has(address) ? 'provided IP is already allocated' : undefined
  }

  /** Takes the address that was asked for. */
  take(text: string): AllocationRefusal | undefined {
    const refusal = this.refusal(text)
    if (refusal === undefined) this.#each(text, (range, address) => range.take(address))
    return refusal
  }

  /** Takes any free address; undefined when every range is full. */
  takeNext(): string | undefined {
    for (const range of this.#ranges) {
      const address = range.takeNext()
      if (address !== undefined) return formatAddress(address)
    }
    return undefined
  }

  /** Giving back what was not taken, or what is out of range, does nothing. */
  release(text: string): void {
    this.#each(text, (range, address) => range.release(address))
  }

  #each(text: string, apply: (range: AddressRange, address: IPAddress) => void): void {
    const address = parseAddress(text)
    const range = address && this.#rangeOf(address)
    if (address !== undefined && range !== undefined) apply(range, address)
  }

  #rangeOf(address: IPAddress): AddressRange | undefined {
    return this.#ranges.find(range => range.contains(address))
  }
}

/** One range without its network address and, in IPv4, without its broadcast address: no Service gets those. */
class AddressRange {
  readonly #cidr: CIDR
  readonly #first: bigint
  readonly #pool: OffsetPool

  constructor(cidr: CIDR, random?: RandomBelow) {
    this.#cidr = cidr
    this.#first = cidr.first + 1n
    const last = cidr.family === 'IPv4' ? cidr.last - 1n : cidr.last
    const size = Number(last - this.#first) + 1
    if (size < 1)
      throw new RangeError(
        `the Service range ${formatCIDR(cidr)} has no address for a Service; use a shorter prefix`,
      )
    const usable = Math.min(size, LARGEST_POOL)
    this.#pool = new OffsetPool(usable, reservedAddresses(usable), random)
  }

  contains(address: IPAddress): boolean {
    const offset = Number(address.value - this.#first)
    return containsAddress(this.#cidr, address) && offset >= 0 && offset < this.#pool.size
  }

  has(address: IPAddress): boolean {
    return this.#pool.has(this.#offset(address))
  }

  take(address: IPAddress): void {
    this.#pool.take(this.#offset(address))
  }

  takeNext(): IPAddress | undefined {
    const offset = this.#pool.takeNext()
    return offset === undefined
      ? undefined
      : { family: this.#cidr.family, value: this.#first + BigInt(offset) }
  }

  release(address: IPAddress): void {
    this.#pool.release(this.#offset(address))
  }

  #offset(address: IPAddress): number {
    return Number(address.value - this.#first)
  }
}

/** How many low addresses are kept for explicit requests: a sixteenth, within 16 and 256 (KEP-3070). */
function reservedAddresses(size: number): number {
  return Math.min(Math.max(16, Math.floor(size / 16)), 256)
}
