import type { IPFamily } from '../allocation/ip-address.ts'
import { internalError } from '../status/failures.ts'
import type { Holdings, Pools } from './service-holdings.ts'
import { requestedFor } from './service-requests.ts'
import { isExternalName, isHeadless, needsHealthCheck, needsNodePorts, type Service } from './service-spec.ts'

/** One write's share of the pools. */
export class Reservation {
  readonly #pools: Pools
  readonly #before: Holdings
  readonly #ips: string[] = []
  readonly #ports: number[] = []

  constructor(pools: Pools, before: Holdings) {
    this.#pools = pools
    this.#before = before
  }

  takeIPs(service: Service): void {
    const { spec } = service
    if (isExternalName(service) || isHeadless(service)) return
    const ips = (spec.ipFamilies ?? []).map((family, i) => spec.clusterIPs?.[i] ?? this.#nextIP(family))
    for (const ip of ips) this.#hold(ip)
    if (ips[0] === undefined) return
    spec.clusterIPs = ips
    spec.clusterIP = ips[0]
  }

  /** On creation, one number serves a port of several protocols (DNS); later every port gets its own. */
  takeNodePorts(service: Service, old: Service | undefined): void {
    if (!needsNodePorts(service)) return
    const shared = new Map<number, number>()
    const ports = service.spec.ports ?? []
    for (const port of ports) {
      if (port.nodePort === undefined && service.spec.allocateLoadBalancerNodePorts === false) continue
      const wanted =
        port.nodePort ?? (old ? undefined : (shared.get(port.port) ?? requestedFor(port.port, ports)))
      port.nodePort = wanted ?? this.#nextPort('nodePort')
      this.#holdPort(port.nodePort)
      if (!shared.has(port.port)) shared.set(port.port, port.nodePort)
    }
  }

  takeHealthCheckPort(service: Service): void {
    if (!needsHealthCheck(service)) return
    const { spec } = service
    const port = spec.healthCheckNodePort
    const isHeld = port !== undefined && this.#before.ports.includes(port)
    const refusal = port === undefined || isHeld ? undefined : this.#pools.ports.refusal(port)
    if (refusal) throw internalError(`failed to allocate requested HealthCheck NodePort ${port}: ${refusal}`)
    spec.healthCheckNodePort = port ?? this.#nextPort('HealthCheck NodePort 0')
    this.#holdPort(spec.healthCheckNodePort)
  }

  undo(): void {
    this.#pools.release({ ips: this.#ips, ports: this.#ports })
  }

  #nextIP(family: IPFamily): string {
    const ip = this.#pools.ips.get(family)?.takeNext()
    if (ip === undefined) throw internalError('failed to allocate a serviceIP: range is full')
    this.#ips.push(ip)
    return ip
  }

  #nextPort(what: string): number {
    const port = this.#pools.ports.takeNext()
    if (port === undefined) throw internalError(`failed to allocate a ${what}: range is full`)
    this.#ports.push(port)
    return port
  }

  #hold(ip: string): void {
    if (this.#before.ips.includes(ip) || this.#ips.includes(ip)) return
    for (const pool of this.#pools.ips.values()) if (pool.take(ip) === undefined) this.#ips.push(ip)
  }

  #holdPort(port: number): void {
    if (this.#before.ports.includes(port) || this.#ports.includes(port)) return
    if (this.#pools.ports.take(port) === undefined) this.#ports.push(port)
  }
}
