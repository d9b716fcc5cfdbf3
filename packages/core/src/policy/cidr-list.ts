import { type AddressRange, mergeCIDRs, parseCIDR } from '../membership/cidrs.ts'

/**
 * Ranges of addresses of both families, made once and asked often: the ranges of a cluster's nodes may be
 * thousands, and mostly join into one. What is no CIDR covers nothing.
 */
export class CIDRList {
  /** In order, and apart from each other. */
  readonly #ranges: readonly AddressRange[]

  /** CIDRs, or single addresses. */
  constructor(cidrs: Iterable<string>) {
    this.#ranges = mergeCIDRs(cidrs).flatMap(cidr => parseCIDR(cidr) ?? [])
  }

  covers(address: string): boolean {
    if (this.#ranges.length === 0) return false
    const parsed = parseCIDR(address)
    if (parsed === undefined) return false
    let from = 0
    let to = this.#ranges.length
    while (from < to) {
      const middle = (from + to) >>> 1
      const { bits, first, last } = this.#ranges[middle] as AddressRange
      if (parsed.bits < bits || (parsed.bits === bits && parsed.first < first)) to = middle
      else if (parsed.bits > bits || parsed.first > last) from = middle + 1
      else return true
    }
    return false
  }
}
