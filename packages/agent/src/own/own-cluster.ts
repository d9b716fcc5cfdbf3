import {
  ENDPOINT_SLICES,
  type EndpointSlice,
  EXPORT_INDEX_NAME,
  EXPORT_INDEXES,
  EXPORTED_ENDPOINTS,
  EXPORTED_SERVICES,
  type ExportIndex,
  type KubernetesObject,
  LABEL_DERIVED_FOR,
  LABEL_KUBERNETES_SERVICE_NAME,
  LABEL_SERVICE_NAME,
  LABEL_SLICE_MANAGED_BY,
  LABEL_SOURCE_CLUSTER,
  MANAGER,
  NAMESPACES,
  type Namespace,
  type ResourceType,
  SERVICE_EXPORTS,
  SERVICE_IMPORTS,
  SERVICES,
} from '@isthmus/api'
import { isDerivedService, serviceKey } from '@isthmus/core'
import {
  type BackoffOptions,
  type ClusterClient,
  type IndexFunction,
  Reflector,
  type Store,
} from '@isthmus/kube'
import type { Logger } from 'pino'
import { type Cache, cachedWrites, type Writes } from '../writes/cached-writes.ts'
import { trimNamespace, trimService, trimSlice, withoutManagedFields } from './trim.ts'
import { WatchFailures } from './watch-failures.ts'

/** Its own API server is one that an agent may ask often: what it serves hangs on it. */
const BACKOFF: BackoffOptions = { initialMs: 250, maxMs: 5_000, factor: 2 }

export interface OwnClusterOptions {
  readonly client: ClusterClient
  /** What writes go through. */
  readonly writer: Writes
  readonly exchangeNamespace: string
  readonly clock: () => number
  readonly log: Pick<Logger, 'info' | 'warn'>
}

/** What the agent keeps in mind of its own cluster. Reads come from here; writes go through the client. */
export class OwnCluster {
  /** Writes to this cluster; what was written is in the caches when they resolve. */
  readonly writes: Writes
  readonly exchangeNamespace: string
  readonly #client: ClusterClient
  readonly #failures: WatchFailures
  readonly #reflectors = new Map<string, Reflector<KubernetesObject>>()
  readonly #caches = new Map<string, Cache<KubernetesObject>>()
  #highestSequence = 0

  readonly namespaces
  readonly services
  readonly slices
  readonly serviceExports
  readonly serviceImports
  readonly exportIndexes
  readonly exportedServices
  readonly exportedEndpoints

  constructor({ client, writer, exchangeNamespace, clock, log }: OwnClusterOptions) {
    this.#client = client
    this.#failures = new WatchFailures(clock, log)
    this.writes = cachedWrites(writer, plural => this.#caches.get(plural))
    this.exchangeNamespace = exchangeNamespace
    const exchange = { namespace: exchangeNamespace }
    this.namespaces = this.#follow(NAMESPACES, { trim: trimNamespace })
    this.services = this.#follow(SERVICES, {
      trim: trimService,
      indexes: {
        import: service => (isDerivedService(service) ? importKeys(service, LABEL_DERIVED_FOR) : []),
      },
    })
    this.slices = this.#follow(ENDPOINT_SLICES, {
      trim: trimSlice,
      indexes: {
        service: sourceKeys,
        import: slice => (isImported(slice) ? importKeys(slice, LABEL_SERVICE_NAME) : []),
      },
    })
    this.serviceExports = this.#follow(SERVICE_EXPORTS)
    this.serviceImports = this.#follow(SERVICE_IMPORTS)
    this.exportIndexes = this.#follow(EXPORT_INDEXES, exchange)
    this.exportedServices = this.#follow(EXPORTED_SERVICES, exchange)
    this.exportedEndpoints = this.#follow(EXPORTED_ENDPOINTS, {
      ...exchange,
      indexes: { service: ({ spec }) => [serviceKey(spec.service.namespace, spec.service.name)] },
    })
    this.exportIndexes.subscribe((_, index) => {
      this.#highestSequence = Math.max(this.#highestSequence, index?.spec.sequence ?? 0)
    })
  }

  start(): void {
    for (const reflector of this.#reflectors.values()) reflector.start()
  }

  async stop(): Promise<void> {
    this.#failures.stop()
    await Promise.all([...this.#reflectors.values()].map(reflector => reflector.stop()))
  }

  /** Every list has succeeded in this process: only now does what is missing mean that it is not there. */
  async whenSynced(signal: AbortSignal): Promise<void> {
    await Promise.all([...this.#reflectors.values()].map(reflector => reflector.whenSynced(signal)))
  }

  /** Calls back when a kind can be followed again after a time when it could not: its definition was missing, say. Returns what ends it. */
  onRecovery(listener: () => void): () => void {
    const ends = [...this.#reflectors.values()].map(reflector => {
      let failed = false
      return reflector.subscribeState(({ phase, error }) => {
        if (failed && error === undefined && phase === 'watching') listener()
        failed = error !== undefined
      })
    })
    return () => {
      for (const end of ends) end()
    }
  }

  /** Kinds that have not been listed yet, with the reason: what `ready` has to say. */
  unsynced(): string[] {
    return [...this.#reflectors]
      .filter(([, { synced }]) => !synced)
      .map(
        ([what, { state }]) =>
          `${what} not listed yet${state.error === undefined ? '' : `: ${state.error.message}`}`,
      )
  }

  /** Kinds that were listed, but cannot be followed now: since when, and why. */
  unfollowed(): string[] {
    return this.#failures.lines()
  }

  /** The index as it is stored, as far as known. */
  get exportIndex(): ExportIndex | undefined {
    return this.exportIndexes.get(`${this.exchangeNamespace}/${EXPORT_INDEX_NAME}`)
  }

  /** Of all indexes that were here since this process began, whoever wrote them: readers may have seen each. */
  get highestSequence(): number {
    return this.#highestSequence
  }

  /** Whether its API server answers now: who is cut off from his own cluster cannot judge others. */
  get answers(): boolean {
    return [...this.#reflectors.values()].some(
      ({ state }) => state.phase === 'watching' && state.error === undefined,
    )
  }

  /** The slices that were made here of a member's endpoints. */
  importedFrom(clusterId: string): readonly EndpointSlice[] {
    return this.slices
      .list()
      .filter(slice => isImported(slice) && slice.metadata.labels?.[LABEL_SOURCE_CLUSTER] === clusterId)
  }

  /** Whether imports can be made in a namespace: it is there, and not on its way out. */
  hasNamespace(namespace: string): boolean {
    return isUsable(this.namespaces.get(namespace))
  }

  #follow<T extends KubernetesObject>(
    type: ResourceType<T>,
    options: { namespace?: string; trim?: (object: T) => T; indexes?: Record<string, IndexFunction<T>> } = {},
  ): Store<T> {
    const { trim = withoutManagedFields } = options
    const reflector = new Reflector<T>({ client: this.#client, type, ...options, trim, backoff: BACKOFF })
    this.#failures.follow(type.plural, reflector)
    this.#reflectors.set(type.plural, reflector as unknown as Reflector<KubernetesObject>)
    const cache: Cache<T> = {
      store: reflector.store,
      trim,
      reached: () => reflector.state.resourceVersion,
    }
    this.#caches.set(type.plural, cache as unknown as Cache<KubernetesObject>)
    return reflector.store
  }
}

/** A namespace that is there, and not on its way out. */
export function isUsable(namespace: Namespace | undefined): boolean {
  return (
    namespace !== undefined &&
    namespace.status?.phase !== 'Terminating' &&
    namespace.metadata.deletionTimestamp === undefined
  )
}

function isImported(slice: EndpointSlice): boolean {
  return slice.metadata.labels?.[LABEL_SLICE_MANAGED_BY] === MANAGER
}

/** A source slice, under the Service that it belongs to. */
function sourceKeys(slice: EndpointSlice): readonly string[] {
  return isImported(slice) ? [] : importKeys(slice, LABEL_KUBERNETES_SERVICE_NAME)
}

function importKeys({ metadata }: KubernetesObject, label: string): readonly string[] {
  const name = metadata.labels?.[label]
  return name === undefined ? [] : [serviceKey(metadata.namespace ?? '', name)]
}
