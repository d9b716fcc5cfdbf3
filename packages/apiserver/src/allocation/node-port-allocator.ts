import { OffsetPool, type RandomBelow } from './offset-pool.ts'

export interface PortRange {
  readonly first: number
  readonly last: number
}

/** kube-apiserver's default `--service-node-port-range`. */
export const DEFAULT_NODE_PORTS: PortRange = { first: 30000, last: 32767 }

/** Ports that are open on every node: one space for all protocols, as in Kubernetes. */
export class NodePortAllocator {
  readonly #range: PortRange
  readonly #pool: OffsetPool

  constructor(range: PortRange = DEFAULT_NODE_PORTS, random?: RandomBelow) {
    this.#range = range
    const size = range.last - range.first + 1
    this.#pool = new OffsetPool(size, reservedPorts(size), random)
  }

  /** What would stand in the way of `take`, in kube-apiserver's words. */
  refusal(port: number): string | undefined {
    const { first, last } = this.#range
    if (port < first || port > last) {
      return `provided port is not in the valid range. The range of valid ports is ${first}-${last}`
    }
    return this.#pool.has(port - first) ? 'provided port is already allocated' : undefined
  }

  take(port: number): string | undefined {
    const refusal = this.refusal(port)
    if (refusal === undefined) this.#pool.take(port - this.#range.first)
    return refusal
  }

  /** Undefined when the range is full. */
  takeNext(): number | undefined {
    const offset = this.#pool.takeNext()
    return offset === undefined ? undefined : this.#range.first + offset
  }

  release(port: number): void {
    this.#pool.release(port - this.#range.first)
  }
}

/** How many low ports are kept for explicit requests: a thirty-second, within 16 and 128 (KEP-3668). */
function reservedPorts(size: number): number {
  return size < 16 ? 0 : Math.min(Math.max(16, Math.floor(size / 32)), 128)
}
