import type { IPFamily } from '../allocation/ip-address.ts'
import type { NodePortAllocator } from '../allocation/node-port-allocator.ts'
import type { ServiceIPAllocator } from '../allocation/service-ip-allocator.ts'
import { isHeadless, type Service } from './service-spec.ts'

/** What a Service has of what is scarce. */
export interface Holdings {
  readonly ips: readonly string[]
  readonly ports: readonly number[]
}

export function holdings(service: Service | undefined): Holdings {
  if (service === undefined) return { ips: [], ports: [] }
  const { spec } = service
  const ports = (spec.ports ?? []).flatMap(({ nodePort }) => nodePort ?? [])
  return {
    ips: isHeadless(service) ? [] : (spec.clusterIPs ?? []),
    ports: spec.healthCheckNodePort === undefined ? ports : [...ports, spec.healthCheckNodePort],
  }
}

/** All that is scarce. */
export class Pools {
  readonly ips: ReadonlyMap<IPFamily, ServiceIPAllocator>
  readonly ports: NodePortAllocator

  constructor(ips: ReadonlyMap<IPFamily, ServiceIPAllocator>, ports: NodePortAllocator) {
    this.ips = ips
    this.ports = ports
  }

  take(held: Holdings): void {
    for (const ip of held.ips) for (const pool of this.ips.values()) pool.take(ip)
    for (const port of held.ports) this.ports.take(port)
  }

  release(held: Holdings): void {
    for (const ip of held.ips) for (const pool of this.ips.values()) pool.release(ip)
    for (const port of held.ports) this.ports.release(port)
  }
}
