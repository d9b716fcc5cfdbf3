/**
 * What to listen on for a Service, and where each port leads: Services joined with EndpointSlices by
 * port name, as kube-proxy joins them. Pure.
 */
import {
  type Endpoint,
  type EndpointSlice,
  LABEL_HEADLESS,
  LABEL_KUBERNETES_SERVICE_NAME,
  type Service,
} from '@isthmus/api'
import { isLoopback } from '../addresses/loopback.ts'
import type { ProxyEndpoint } from './endpoint-choice.ts'
import { type ProxyNode, usableEndpoints } from './usable-endpoints.ts'

/** A Service with this label is another proxy's. */
const LABEL_SERVICE_PROXY_NAME = 'service.kubernetes.io/service-proxy-name'
/** Kubernetes' default of sessionAffinityConfig.clientIP.timeoutSeconds: three hours. */
const DEFAULT_AFFINITY_SECONDS = 10_800

export interface ProxiedPort {
  /** `TCP 127.64.8.10:8080`: unique in a cluster. */
  readonly key: string
  readonly protocol: 'TCP' | 'UDP'
  readonly address: string
  readonly port: number
  /** How long a client stays with its endpoint after its last connection; undefined: no affinity. */
  readonly affinityMs: number | undefined
  readonly endpoints: readonly ProxyEndpoint[]
}

/** `slices`: those of the Service, in any order. */
export function proxiedPorts(
  service: Service,
  slices: Iterable<EndpointSlice>,
  node: ProxyNode,
): readonly ProxiedPort[] {
  const { spec } = service
  if (spec === undefined || spec.type === 'ExternalName') return []
  if (service.metadata.labels?.[LABEL_SERVICE_PROXY_NAME] !== undefined) return []
  const address = [...(spec.clusterIPs ?? []), spec.clusterIP ?? ''].find(isLoopback)
  if (address === undefined) return []

  const ordered = [...slices].sort((a, b) => compare(a.metadata.name ?? '', b.metadata.name ?? ''))
  const affinityMs =
    spec.sessionAffinity === 'ClientIP'
      ? 1000 * (spec.sessionAffinityConfig?.clientIP?.timeoutSeconds ?? DEFAULT_AFFINITY_SECONDS)
      : undefined

  return (spec.ports ?? []).flatMap(({ name = '', protocol = 'TCP', port }) => {
    if (protocol === 'SCTP') return []
    const joined = ordered.flatMap(slice => endpointsOf(slice, name, protocol))
    const endpoints = distinct(usableEndpoints(joined, spec.internalTrafficPolicy, node))
    return [{ key: `${protocol} ${address}:${port}`, protocol, address, port, affinityMs, endpoints }]
  })
}

/** The Service (`namespace/name`) that a slice is of for a service proxy; undefined: of none. */
export function serviceOf(slice: EndpointSlice): string | undefined {
  const { labels, namespace } = slice.metadata
  const name = labels?.[LABEL_KUBERNETES_SERVICE_NAME]
  if (!name || labels?.[LABEL_HEADLESS] !== undefined || slice.addressType !== 'IPv4') return undefined
  return `${namespace}/${name}`
}

type JoinedEndpoint = Endpoint & ProxyEndpoint

function endpointsOf(slice: EndpointSlice, portName: string, protocol: string): JoinedEndpoint[] {
  const found = slice.ports?.find(
    port => (port.name ?? '') === portName && (port.protocol ?? 'TCP') === protocol,
  )
  const port = found?.port
  if (port === undefined) return []
  return slice.endpoints.flatMap(endpoint => {
    // All addresses of an endpoint stand for the same pod: kube-proxy uses the first.
    const address = endpoint.addresses[0]
    return address === undefined ? [] : [{ ...endpoint, key: `${address}:${port}`, address, port }]
  })
}

function distinct(endpoints: readonly JoinedEndpoint[]): ProxyEndpoint[] {
  const byKey = new Map<string, ProxyEndpoint>()
  for (const { key, address, port } of endpoints) if (!byKey.has(key)) byKey.set(key, { key, address, port })
  return [...byKey.values()]
}

function compare(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0
}
