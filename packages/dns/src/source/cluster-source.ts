import { isDeepStrictEqual } from 'node:util'
import {
  ENDPOINT_SLICES,
  LABEL_SERVICE_NAME,
  NAMESPACES,
  type Namespace,
  SERVICE_IMPORTS,
  type ServiceImport,
} from '@isthmus/api'
import { type ClusterClient, type Rate, Reflector, type ReflectorState } from '@isthmus/kube'
import { type ImportedService, serviceOf, type ZoneSource, type ZoneSourceListener } from './source.ts'
import { areSameSlices, identityOf, trimSlice, type WatchedSlice, wholeSlice } from './watched-slice.ts'

const BY_SERVICE = 'service'

/**
 * Questions are answered on the same thread, and wait while it decodes. So a flood of events (a watch that catches
 * up) is taken a few at a time: faster than importers write, slower than would be felt.
 */
const EVENT_RATE: Rate = { burst: 10, perSecond: 2000 }

/** Objects on a page of a list, for the same reason: a page is decoded at once. Slices have a hundred endpoints each. */
const PAGE_SIZE = 100
const SLICE_PAGE_SIZE = 20

/**
 * The objects of one cluster, watched. Of each only what names and records are made of is kept, and of other
 * changes nobody is told. While the API server is away it has what it had last.
 */
export class ClusterSource implements ZoneSource {
  readonly #imports: Reflector<ServiceImport>
  readonly #slices: Reflector<WatchedSlice>
  readonly #namespaces: Reflector<Namespace>

  constructor(client: ClusterClient) {
    const taking = { client, eventRate: EVENT_RATE, pageSize: PAGE_SIZE }
    this.#imports = new Reflector({ ...taking, type: SERVICE_IMPORTS, trim: trimServiceImport })
    this.#slices = new Reflector<WatchedSlice>({
      ...taking,
      pageSize: SLICE_PAGE_SIZE,
      type: ENDPOINT_SLICES,
      labelSelector: LABEL_SERVICE_NAME,
      trim: trimSlice,
      indexes: { [BY_SERVICE]: slice => [serviceOf(slice)] },
    })
    this.#namespaces = new Reflector({ ...taking, type: NAMESPACES, trim: trimNamespace })
  }

  /** How each of the watches is, by the plural of its kind. */
  get states(): Readonly<Record<string, ReflectorState>> {
    return {
      [SERVICE_IMPORTS.plural]: this.#imports.state,
      [ENDPOINT_SLICES.plural]: this.#slices.state,
      [NAMESPACES.plural]: this.#namespaces.state,
    }
  }

  service(key: string): ImportedService | undefined {
    const serviceImport = this.#imports.store.get(key)
    return (
      serviceImport && { serviceImport, slices: this.#slices.store.byIndex(BY_SERVICE, key).map(wholeSlice) }
    )
  }

  hasService(key: string): boolean {
    return this.#imports.store.get(key) !== undefined
  }

  hasNamespace(name: string): boolean {
    return this.#namespaces.store.get(name) !== undefined
  }

  start(listener: ZoneSourceListener): void {
    this.#imports.store.subscribe((key, next, previous) => {
      if (!next || !previous || !isDeepStrictEqual(next.spec, previous.spec)) listener.serviceChanged(key)
    })
    this.#slices.store.subscribe((_, next, previous) => {
      const service = next && serviceOf(next)
      const previousService = previous && serviceOf(previous)
      if (next && previous && service === previousService && areSameSlices(next, previous)) return
      for (const key of new Set([service, previousService]))
        if (key !== undefined) listener.serviceChanged(key)
    })
    this.#namespaces.store.subscribe(name => listener.namespaceChanged(name))
    for (const reflector of this.#reflectors()) reflector.start()
  }

  async whenSynced(): Promise<void> {
    await Promise.all(this.#reflectors().map(reflector => reflector.whenSynced()))
  }

  async stop(): Promise<void> {
    await Promise.all(this.#reflectors().map(reflector => reflector.stop()))
  }

  #reflectors() {
    return [this.#imports, this.#slices, this.#namespaces]
  }
}

function trimServiceImport({ apiVersion, kind, metadata, spec }: ServiceImport): ServiceImport {
  const kept = spec && { type: spec.type, ports: spec.ports, ...(spec.ips && { ips: spec.ips }) }
  return { apiVersion, kind, metadata: identityOf(metadata), spec: kept }
}

function trimNamespace({ apiVersion, kind, metadata }: Namespace): Namespace {
  return { apiVersion, kind, metadata: identityOf(metadata) }
}
