import {
  type Endpoint,
  type EndpointSlice,
  LABEL_SERVICE_NAME,
  LABEL_SOURCE_CLUSTER,
  type ObjectMeta,
} from '@isthmus/api'

/**
 * An EndpointSlice as it is kept: what names are made of as one text, and no endpoints. A text of a hundred
 * endpoints takes a tenth of the memory of their objects, nothing of what it leaves to the collection of garbage,
 * and is compared in no time; most are never asked for, and need not be objects again.
 */
export interface WatchedSlice extends EndpointSlice {
  /** JSON of {@link Content}. */
  readonly content?: string
}

/** Only ready endpoints have names; one without a hostname that has one address is that address. */
type Content = Pick<EndpointSlice, 'addressType' | 'ports'> & {
  readonly endpoints: readonly (string | Endpoint)[]
}

const NONE: Endpoint[] = []

/** Cuts a slice as the API server sent it to what is kept. */
export function trimSlice(slice: WatchedSlice): WatchedSlice {
  const { apiVersion, kind, metadata, addressType, endpoints, ports } = slice
  const { [LABEL_SERVICE_NAME]: service = '', [LABEL_SOURCE_CLUSTER]: cluster = '' } = metadata.labels ?? {}
  const content: Content = {
    addressType,
    ...(ports && { ports }),
    endpoints: (endpoints ?? []).filter(isReady).map(shortened),
  }
  return {
    apiVersion,
    kind,
    metadata: {
      ...identityOf(metadata),
      labels: { [LABEL_SERVICE_NAME]: service, [LABEL_SOURCE_CLUSTER]: cluster },
    },
    addressType,
    endpoints: NONE,
    content: JSON.stringify(content),
  }
}

/** The slice again, as far as it was kept. */
export function wholeSlice({ content = '{"endpoints":[]}', ...slice }: WatchedSlice): EndpointSlice {
  const { endpoints, ...rest } = JSON.parse(content) as Content
  return { ...slice, ...rest, endpoints: endpoints.map(lengthened) }
}

/** Whether two slices of one service make the same names. */
export function areSameSlices(some: WatchedSlice, other: WatchedSlice): boolean {
  return (
    some.content === other.content &&
    some.metadata.labels?.[LABEL_SOURCE_CLUSTER] === other.metadata.labels?.[LABEL_SOURCE_CLUSTER]
  )
}

/** Name, namespace, and what tells a reflector that it has an object as it is. */
export function identityOf({ namespace, name, uid, resourceVersion }: ObjectMeta): ObjectMeta {
  return {
    ...(name !== undefined && { name }),
    ...(namespace !== undefined && { namespace }),
    ...(uid !== undefined && { uid }),
    ...(resourceVersion !== undefined && { resourceVersion }),
  }
}

function isReady({ conditions }: Endpoint): boolean {
  return conditions?.ready !== false
}

function shortened({ addresses, hostname }: Endpoint): string | Endpoint {
  const [address] = addresses
  if (address !== undefined && addresses.length === 1 && !hostname) return address
  return { addresses, ...(hostname && { hostname }) }
}

function lengthened(endpoint: string | Endpoint): Endpoint {
  return typeof endpoint === 'string' ? { addresses: [endpoint] } : endpoint
}
