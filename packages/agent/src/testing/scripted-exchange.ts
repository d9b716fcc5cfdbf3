/** A peer's exchange as a script: what its lists answer, and what its watches tell, one step after the other. */
import {
  EXPORT_INDEXES,
  EXPORTED_ENDPOINTS,
  EXPORTED_SERVICES,
  type ExportedEndpointsSpec,
  type ExportedServiceSpec,
  type KubernetesObject,
  LEASES,
  type ResourceType,
} from '@isthmus/api'
import { ApiError, type ClusterClient, type WatchEvent } from '@isthmus/kube'

const NAMESPACE = 'isthmus-exchange'

export class ScriptedExchange {
  /** What the link connects with. */
  readonly client = {
    server: 'https://west.example',
    list: async (type: ResourceType) => this.#list(type),
    watch: (type: ResourceType, options: Parameters<ClusterClient['watch']>[1]) => this.#watch(type, options),
  } as unknown as ClusterClient
  /** Why lists and watches fail, while they do. */
  failure: Error | undefined
  readonly #objects = new Map<string, Map<string, KubernetesObject>>()
  readonly #watches = new Set<Watch>()
  #version = 100

  index(sequence: number, services: readonly string[], clusterId = 'west'): void {
    this.set(EXPORT_INDEXES, 'index', { spec: { sequence, clusterId, services } })
  }

  /** An ExportedService of `demo`, with one chunk of that address, which `chunk` stores. */
  service(name: string, spec: Partial<ExportedServiceSpec> = {}): void {
    this.set(EXPORTED_SERVICES, `${name}.demo`, {
      spec: {
        service: { namespace: 'demo', name },
        exportedAt: '2026-11-22T08:00:00Z',
        type: 'ClusterSetIP',
        ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
        ipFamilies: ['IPv4'],
        sessionAffinity: 'None',
        chunks: [`${name}.demo.0`],
        ...spec,
      },
    })
  }

  chunk(name: string, address: string): void {
    const spec: ExportedEndpointsSpec = {
      service: { namespace: 'demo', name },
      addressType: 'IPv4',
      ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
      endpoints: [{ addresses: [address], ready: true, serving: true, terminating: false }],
    }
    this.set(EXPORTED_ENDPOINTS, `${name}.demo.0`, { spec })
  }

  lease(renewTime: string): void {
    this.set(LEASES, 'publisher', { spec: { holderIdentity: 'west', renewTime } })
  }

  set(type: ResourceType, name: string, content: object): void {
    const objects = this.#of(type)
    const metadata = {
      namespace: NAMESPACE,
      name,
      uid: `${name}-uid`,
      resourceVersion: String(++this.#version),
    }
    const object: KubernetesObject = { apiVersion: type.version, kind: type.kind, metadata, ...content }
    const event = objects.has(name) ? 'MODIFIED' : 'ADDED'
    objects.set(name, object)
    this.#tell(type, { type: event, object })
  }

  delete(type: ResourceType, name: string): void {
    const object = this.#of(type).get(name)
    if (object === undefined) return
    this.#of(type).delete(name)
    const metadata = { ...object.metadata, resourceVersion: String(++this.#version) }
    this.#tell(type, { type: 'DELETED', object: { ...object, metadata } })
  }

  /** Watches end with the failure, and everything fails with it until `recover`. */
  fail(failure: Error): void {
    this.failure = failure
    for (const watch of this.#watches) watch.end(failure)
  }

  recover(): void {
    this.failure = undefined
  }

  #of(type: ResourceType): Map<string, KubernetesObject> {
    const objects = this.#objects.get(type.plural) ?? new Map<string, KubernetesObject>()
    this.#objects.set(type.plural, objects)
    return objects
  }

  #tell(type: ResourceType, event: WatchEvent): void {
    for (const watch of this.#watches) if (watch.plural === type.plural) watch.push(structuredClone(event))
  }

  #list(type: ResourceType): object {
    if (this.failure !== undefined) throw this.failure
    const items = structuredClone([...this.#of(type).values()])
    return { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: String(this.#version) }, items }
  }

  async *#watch(
    type: ResourceType,
    options: Parameters<ClusterClient['watch']>[1],
  ): AsyncGenerator<WatchEvent> {
    if (this.failure !== undefined) throw this.failure
    // Nothing is kept of the past: a list and the watch that follows it leave no time in between.
    if (options?.resourceVersion !== String(this.#version)) throw new ApiError(410, 'too old')
    options.signal?.throwIfAborted()
    const watch = new Watch(type.plural)
    this.#watches.add(watch)
    options.signal?.addEventListener('abort', () => watch.end(options.signal?.reason), { once: true })
    options.onOpen?.()
    try {
      for (;;) yield await watch.next()
    } finally {
      this.#watches.delete(watch)
    }
  }
}

class Watch {
  readonly plural: string
  readonly #events: WatchEvent[] = []
  #ended: { reason: unknown } | undefined
  #wake = () => {}

  constructor(plural: string) {
    this.plural = plural
  }

  push(event: WatchEvent): void {
    this.#events.push(event)
    this.#wake()
  }

  end(reason: unknown): void {
    this.#ended = { reason }
    this.#wake()
  }

  async next(): Promise<WatchEvent> {
    for (;;) {
      const event = this.#events.shift()
      if (event !== undefined) return event
      if (this.#ended !== undefined) throw this.#ended.reason
      await new Promise<void>(resolve => {
        this.#wake = resolve
      })
    }
  }
}
