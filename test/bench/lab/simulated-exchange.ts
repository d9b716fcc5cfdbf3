import {
  EXPORT_INDEXES,
  EXPORTED_ENDPOINTS,
  EXPORTED_SERVICES,
  type KubernetesObject,
  LEASES,
  type ResourceType,
} from '@isthmus/api'
import {
  ApiError,
  type ClusterClient,
  type ListOptions,
  type WatchEvent,
  type WatchOptions,
} from '@isthmus/kube'

const EXCHANGE = 'isthmus-exchange'

/** A member's exchange in this process: what a link lists and watches, without HTTP. */
export class SimulatedExchange {
  readonly clusterId: string
  readonly client: ClusterClient
  readonly #objects = new Map<string, Map<string, KubernetesObject>>()
  readonly #watches = new Set<(event: WatchEvent | undefined, plural: string) => void>()
  #version = 1

  constructor(clusterId: string) {
    this.clusterId = clusterId
    const { list, watch } = this
    this.client = {
      server: `memory://${clusterId}`,
      list: list.bind(this),
      watch: watch.bind(this),
      close: async () => {},
    } as unknown as ClusterClient
  }

  /** Services of one endpoint each. */
  publish(namespace: string, services: readonly string[], member: number): void {
    for (const name of services) {
      const chunk = `${name}.${namespace}.0`
      const service = { namespace, name }
      const port = { name: 'http', protocol: 'TCP' }
      this.#set(EXPORTED_ENDPOINTS, chunk, {
        service,
        addressType: 'IPv4',
        ports: [{ ...port, port: 8080 }],
        endpoints: [
          {
            addresses: [`10.${member >> 8}.${member & 255}.1`],
            ready: true,
            serving: true,
            terminating: false,
          },
        ],
      })
      this.#set(EXPORTED_SERVICES, `${name}.${namespace}`, {
        service,
        exportedAt: '2026-01-01T00:00:00Z',
        type: 'ClusterSetIP',
        ports: [{ ...port, port: 80 }],
        ipFamilies: ['IPv4'],
        sessionAffinity: 'None',
        chunks: [chunk],
      })
    }
    const keys = services.map(name => `${namespace}/${name}`).sort()
    this.#set(EXPORT_INDEXES, 'index', { sequence: 1, clusterId: this.clusterId, services: keys })
    this.beat()
  }

  beat(): void {
    const renewTime = new Date().toISOString().replace('Z', '000Z')
    this.#set(LEASES, 'publisher', { holderIdentity: this.clusterId, renewTime })
  }

  /** Watches end, and the past is forgotten: everybody lists again. */
  restart(): void {
    this.#version += 1000
    for (const tell of this.#watches) tell(undefined, '')
  }

  #set(type: ResourceType, name: string, spec: object): void {
    const objects = this.#objects.get(type.plural) ?? new Map<string, KubernetesObject>()
    this.#objects.set(type.plural, objects)
    const metadata = {
      namespace: EXCHANGE,
      name,
      uid: `${this.clusterId}/${name}`,
      resourceVersion: `${++this.#version}`,
    }
    const object = { apiVersion: `${type.group}/${type.version}`, kind: type.kind, metadata, spec }
    const event: WatchEvent = { type: objects.has(name) ? 'MODIFIED' : 'ADDED', object }
    objects.set(name, object)
    for (const tell of this.#watches) tell(event, type.plural)
  }

  async list(type: ResourceType, _: ListOptions): Promise<object> {
    const items = structuredClone([...(this.#objects.get(type.plural)?.values() ?? [])])
    return { apiVersion: 'v1', kind: 'List', metadata: { resourceVersion: `${this.#version}` }, items }
  }

  async *watch(
    type: ResourceType,
    { resourceVersion, signal, onOpen }: WatchOptions,
  ): AsyncGenerator<WatchEvent> {
    if (Number(resourceVersion) + 1000 <= this.#version) throw new ApiError(410, 'too old resource version')
    const events: (WatchEvent | undefined)[] = []
    let wake = () => {}
    const tell = (event: WatchEvent | undefined, plural: string) => {
      if (event !== undefined && plural !== type.plural) return
      events.push(event)
      wake()
    }
    const end = () => tell(undefined, '')
    this.#watches.add(tell)
    signal?.addEventListener('abort', end, { once: true })
    onOpen?.()
    try {
      for (;;) {
        while (events.length === 0) {
          await new Promise<void>(resolve => {
            wake = resolve
          })
        }
        const event = events.shift()
        if (event === undefined) return
        yield structuredClone(event)
      }
    } finally {
      this.#watches.delete(tell)
      signal?.removeEventListener('abort', end)
    }
  }
}
