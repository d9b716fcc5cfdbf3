import { type CIDR, formatCIDR, parseCIDR } from '../allocation/cidr.ts'
import { formatAddress, type IPFamily } from '../allocation/ip-address.ts'
import { NodePortAllocator, type PortRange } from '../allocation/node-port-allocator.ts'
import type { RandomBelow } from '../allocation/offset-pool.ts'
import { ServiceIPAllocator } from '../allocation/service-ip-allocator.ts'
import type { ReadableStorage } from '../registry/definition.ts'
import { type FieldError, invalid } from '../registry/field-error.ts'
import { type Holdings, holdings, Pools } from './service-holdings.ts'
import { requestedIPs, requestedNodePorts } from './service-requests.ts'
import { Reservation } from './service-reservation.ts'
import { SERVICES, type Service } from './service-spec.ts'

export interface ServiceAllocationOptions {
  /** The family of the first range is the default one of Services. */
  readonly serviceCIDRs: readonly string[]
  readonly nodePorts?: PortRange
  readonly random?: RandomBelow
}

/**
 * Addresses and node ports of all Services of a server. What is held is what stored Services say: it is read
 * from storage before the first write, and again after `forget`.
 */
export class ServiceAllocation {
  /** The default family first. */
  readonly families: readonly IPFamily[]
  readonly #cidrs: readonly CIDR[]
  readonly #options: ServiceAllocationOptions
  #pools: Pools | undefined

  constructor(options: ServiceAllocationOptions) {
    this.#options = options
    this.#cidrs = options.serviceCIDRs.map(text => {
      const cidr = parseCIDR(text)
      if (cidr === undefined)
        throw new TypeError(`"${text}" is no range for Services; write it as 10.96.0.0/16`)
      return cidr
    })
    this.families = [...new Set(this.#cidrs.map(cidr => cidr.family))]
    if (this.families.length === 0)
      throw new TypeError('at least one range for Services is needed, such as 10.96.0.0/16')
    // Refuses a range without room now, not at the first Service.
    this.#newPools()
  }

  get serviceCIDRs(): string[] {
    return this.#cidrs.map(formatCIDR)
  }

  /** The first address of the first range: that of the Service `kubernetes`. */
  get firstAddress(): string {
    const { family, first } = this.#cidrs[0] as CIDR
    return formatAddress({ family, value: first + 1n })
  }

  /** Why what a Service asks for cannot be had: kube-apiserver stops at the first, before it validates. */
  refusals(service: Service, old: Service | undefined, storage: ReadableStorage): FieldError[] {
    const { ips, ports } = this.#poolsOf(storage)
    for (const { family, ip, shown } of requestedIPs(service, old)) {
      const refusal = ips.get(family)?.refusal(ip)
      if (refusal) return [invalid('spec.clusterIPs', shown, `failed to allocate IP ${ip}: ${refusal}`)]
    }
    const taken = new Set<number>()
    for (const { index, port } of requestedNodePorts(service, old)) {
      const refusal = taken.has(port) ? 'provided port is already allocated' : ports.refusal(port)
      if (refusal) return [invalid(`spec.ports[${index}].nodePort`, port, refusal)]
      taken.add(port)
    }
    return []
  }

  /**
   * Takes what the Service asks for and what it needs beyond that, and gives back what it no longer holds.
   * Answers how to undo both. Throws a 500 StatusError when a range is full, with nothing changed.
   */
  reserve(service: Service, old: Service | undefined, storage: ReadableStorage): () => void {
    const pools = this.#poolsOf(storage)
    const before = holdings(old)
    const reservation = new Reservation(pools, before)
    try {
      reservation.takeIPs(service)
      reservation.takeNodePorts(service, old)
      reservation.takeHealthCheckPort(service)
    } catch (error) {
      reservation.undo()
      throw error
    }
    const after = holdings(service)
    const dropped: Holdings = {
      ips: before.ips.filter(ip => !after.ips.includes(ip)),
      ports: before.ports.filter(port => !after.ports.includes(port)),
    }
    pools.release(dropped)
    return () => {
      reservation.undo()
      pools.take(dropped)
    }
  }

  release(service: Service): void {
    this.#pools?.release(holdings(service))
  }

  /** Storage has been replaced: what is held is read anew. */
  forget(): void {
    this.#pools = undefined
  }

  #poolsOf(storage: ReadableStorage): Pools {
    if (this.#pools === undefined) {
      this.#pools = this.#newPools()
      for (const service of storage.list(SERVICES)) this.#pools.take(holdings(service as Service))
    }
    return this.#pools
  }

  #newPools(): Pools {
    const { nodePorts, random } = this.#options
    const of = (family: IPFamily) => this.#cidrs.filter(cidr => cidr.family === family)
    const ips = new Map(this.families.map(family => [family, new ServiceIPAllocator(of(family), random)]))
    return new Pools(ips, new NodePortAllocator(nodePorts, random))
  }
}
