import {
  ENDPOINT_SLICES,
  type EndpointSlice,
  LABEL_SERVICE_NAME,
  LABEL_SOURCE_CLUSTER,
  NAMESPACES,
  type Namespace,
  type ObjectMeta,
  SERVICE_IMPORTS,
  type ServiceImport,
} from '@isthmus/api'
import { type ClusterClient, Reflector, type ReflectorState } from '@isthmus/kube'
import { type ImportedService, serviceOf, type ZoneSource, type ZoneSourceListener } from './source.ts'

const BY_SERVICE = 'service'

/**
 * The objects of one cluster, watched. Of each only what names and records are made of is kept, so that
 * nothing else wakes the zone. While the API server is away it has what it had last.
 */
export class ClusterSource implements ZoneSource {
  readonly #imports: Reflector<ServiceImport>
  readonly #slices: Reflector<EndpointSlice>
  readonly #namespaces: Reflector<Namespace>

  constructor(client: ClusterClient) {
    this.#imports = new Reflector({ client, type: SERVICE_IMPORTS, trim: trimServiceImport })
    this.#slices = new Reflector({
      client,
      type: ENDPOINT_SLICES,
      labelSelector: LABEL_SERVICE_NAME,
      trim: trimEndpointSlice,
      indexes: { [BY_SERVICE]: slice => [serviceOf(slice)] },
    })
    this.#namespaces = new Reflector({ client, type: NAMESPACES, trim: trimNamespace })
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
    return serviceImport && { serviceImport, slices: this.#slices.store.byIndex(BY_SERVICE, key) }
  }

  hasNamespace(name: string): boolean {
    return this.#namespaces.store.get(name) !== undefined
  }

  start(listener: ZoneSourceListener): void {
    this.#imports.store.subscribe(key => listener.serviceChanged(key))
    this.#slices.store.subscribe((_, next, previous) => {
      if (next) listener.serviceChanged(serviceOf(next))
      if (previous) listener.serviceChanged(serviceOf(previous))
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
  return { apiVersion, kind, metadata: identity(metadata), spec: kept }
}

/** Only ready endpoints have names, so that others need not be kept. */
function trimEndpointSlice(slice: EndpointSlice): EndpointSlice {
  const { apiVersion, kind, metadata, addressType, endpoints, ports } = slice
  const { [LABEL_SERVICE_NAME]: service = '', [LABEL_SOURCE_CLUSTER]: cluster = '' } = metadata.labels ?? {}
  return {
    apiVersion,
    kind,
    metadata: {
      ...identity(metadata),
      labels: { [LABEL_SERVICE_NAME]: service, [LABEL_SOURCE_CLUSTER]: cluster },
    },
    addressType,
    endpoints: (endpoints ?? [])
      .filter(endpoint => endpoint.conditions?.ready !== false)
      .map(({ addresses, hostname }) => ({ addresses, ...(hostname && { hostname }) })),
    ...(ports && { ports }),
  }
}

function trimNamespace({ apiVersion, kind, metadata }: Namespace): Namespace {
  return { apiVersion, kind, metadata: identity(metadata) }
}

function identity({ namespace, name }: ObjectMeta): ObjectMeta {
  return { ...(name !== undefined && { name }), ...(namespace !== undefined && { namespace }) }
}
