/**
 * The pod addresses of one node's /24: .1 is the node's own, .255 the broadcast address. Goes round
 * rather than give out what was just released, as other clusters may still send to it for a moment.
 */
const FIRST = 2
const LAST = 254

/** A node's own address: the first one of its pods' range. */
export function nodeAddress(podCIDR: string): string {
  return `${prefixOf(podCIDR)}1`
}

export class AddressPool {
  readonly #prefix: string
  readonly #taken = new Set<number>()
  #next = FIRST

  /** `cidr`: a /24 such as `10.64.16.0/24`. */
  constructor(cidr: string) {
    this.#prefix = prefixOf(cidr)
  }

  /** A free address: `preferred` if it is one of this pool's; undefined when all are taken. */
  take(preferred?: string): string | undefined {
    const wanted = this.#hostOf(preferred)
    if (wanted !== undefined && !this.#taken.has(wanted)) return this.#give(wanted)
    for (let tries = FIRST; tries <= LAST; tries++) {
      const host = this.#next
      this.#next = host === LAST ? FIRST : host + 1
      if (!this.#taken.has(host)) return this.#give(host)
    }
    return undefined
  }

  release(address: string): void {
    const host = this.#hostOf(address)
    if (host !== undefined) this.#taken.delete(host)
  }

  #give(host: number): string {
    this.#taken.add(host)
    return this.#prefix + host
  }

  #hostOf(address: string | undefined): number | undefined {
    if (!address?.startsWith(this.#prefix)) return undefined
    const host = Number(address.slice(this.#prefix.length))
    return Number.isInteger(host) && host >= FIRST && host <= LAST ? host : undefined
  }
}

/** `10.64.16.` of `10.64.16.0/24`. */
function prefixOf(cidr: string): string {
  return cidr.slice(0, cidr.lastIndexOf('.') + 1)
}
