/**
 * Does for one cluster of the playground what kube-proxy does on a node, in userspace: listens on every
 * Service's ClusterIP and spreads connections and datagrams over its usable endpoints. It is told of
 * its own cluster's Services and EndpointSlices and knows nothing else.
 */
import type { EndpointSlice, Service } from '@isthmus/api'
import { type ProxiedPort, proxiedPorts, serviceOf } from './proxied-ports.ts'
import { ServedPort } from './served-port.ts'
import type { ProxyNode } from './usable-endpoints.ts'

/** A Service port as the proxy serves it now. */
export interface ServedPortState extends ProxiedPort {
  /** `namespace/name`. */
  readonly service: string
  readonly listening: boolean
  /** Why it cannot listen: the system's error. */
  readonly error: NodeJS.ErrnoException | undefined
}

export interface ServiceProxyOptions {
  readonly node: ProxyNode
  /** Milliseconds, monotonic. */
  readonly clock?: () => number
  /** Something that {@link ServiceProxy.ports} shows has changed. */
  readonly onChange?: () => void
}

export class ServiceProxy {
  readonly #node: ProxyNode
  readonly #clock: () => number
  readonly #onChange: () => void
  readonly #services = new Map<string, Service>()
  /** Slices by Service, then by name. */
  readonly #slices = new Map<string, Map<string, EndpointSlice>>()
  /** The Service that each slice is filed under. */
  readonly #filed = new Map<string, string>()
  /** By Service, then by {@link ProxiedPort.key}. */
  readonly #served = new Map<string, Map<string, ServedPort>>()
  readonly #stopping = new Set<Promise<void>>()
  readonly #changed = new Set<string>()
  #stopped = false

  constructor({ node, clock = () => performance.now(), onChange = () => {} }: ServiceProxyOptions) {
    this.#node = node
    this.#clock = clock
    this.#onChange = onChange
  }

  /** `key`: `namespace/name`; undefined: it is gone. */
  serviceChanged(key: string, service: Service | undefined): void {
    if (service === undefined) this.#services.delete(key)
    else this.#services.set(key, service)
    this.#sync(key)
  }

  sliceChanged(key: string, slice: EndpointSlice | undefined): void {
    const before = this.#filed.get(key)
    const after = slice && serviceOf(slice)
    if (before !== undefined && before !== after) {
      this.#filed.delete(key)
      const slices = this.#slices.get(before)
      slices?.delete(key)
      if (slices?.size === 0) this.#slices.delete(before)
      this.#sync(before)
    }
    if (slice === undefined || after === undefined) return
    this.#filed.set(key, after)
    const slices = this.#slices.get(after) ?? new Map<string, EndpointSlice>()
    this.#slices.set(after, slices.set(key, slice))
    this.#sync(after)
  }

  ports(): readonly ServedPortState[] {
    return [...this.#served].flatMap(([service, ports]) =>
      [...ports.values()].map(({ port, listening, error }) => ({ ...port, service, listening, error })),
    )
  }

  /** Ends every listener and connection; resolves when no socket is left. */
  async stop(): Promise<void> {
    this.#stopped = true
    const served = [...this.#served.values()].flatMap(ports => [...ports.values()])
    this.#served.clear()
    await Promise.all([...served.map(port => port.stop()), ...this.#stopping])
  }

  /** Changes of one turn of the event loop are taken together. */
  #sync(key: string): void {
    if (this.#stopped) return
    if (this.#changed.size === 0) queueMicrotask(() => this.#reconcileChanged())
    this.#changed.add(key)
  }

  #reconcileChanged(): void {
    const keys = [...this.#changed]
    this.#changed.clear()
    if (this.#stopped) return
    for (const key of keys) this.#reconcile(key)
    this.#onChange()
  }

  #reconcile(key: string): void {
    const service = this.#services.get(key)
    const wanted = service ? proxiedPorts(service, this.#slices.get(key)?.values() ?? [], this.#node) : []
    const wantedKeys = new Set(wanted.map(port => port.key))
    const served = this.#served.get(key) ?? new Map<string, ServedPort>()
    for (const [portKey, one] of served) {
      if (wantedKeys.has(portKey)) continue
      served.delete(portKey)
      const stopping = one.stop().finally(() => this.#stopping.delete(stopping))
      this.#stopping.add(stopping)
    }
    for (const port of wanted) {
      const one = served.get(port.key)
      if (one !== undefined) one.update(port)
      else served.set(port.key, new ServedPort(port, this.#clock, this.#onChange))
    }
    if (served.size > 0) this.#served.set(key, served)
    else this.#served.delete(key)
  }
}
