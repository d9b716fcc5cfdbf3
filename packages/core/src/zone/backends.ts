/** What the names of a service lead to: its ClusterSetIPs, or the ready endpoints of a headless one. */
import {
  CLUSTERSET_ZONE,
  type Endpoint,
  type EndpointPort,
  type EndpointSlice,
  LABEL_SOURCE_CLUSTER,
  type ServiceImport,
} from '@isthmus/api'
import { isPortNumber } from '../check/formats.ts'
import { addressLabel, addressRecord } from './address.ts'
import type { AddressRecord } from './record.ts'

export interface Backend {
  /** The name that has this address: the service's own, or an endpoint's. */
  readonly target: string
  readonly address: AddressRecord
  readonly ports: readonly BackendPort[]
}

export interface BackendPort {
  /** `_http._tcp`; unset if the port has no name, or none that fits a label. */
  readonly labels?: string
  readonly number: number
}

/** The ClusterSetIPs of an import, each with all of its ports. */
export function clusterSetIPBackends(
  service: string,
  spec: ServiceImport['spec'],
  ports: readonly BackendPort[],
): Backend[] {
  return (spec.ips ?? [])
    .map(addressRecord)
    .filter(address => address !== undefined)
    .map(address => ({ target: service, address, ports }))
}

/**
 * The ready endpoints of all clusters, each with the ports of its slices. An endpoint may stand in two
 * slices for a moment while it is moved: it counts once.
 */
export function endpointBackends(service: string, slices: readonly EndpointSlice[]): Backend[] {
  const backends = new Map<string, Backend>()
  for (const slice of slices) {
    const cluster = slice.metadata.labels?.[LABEL_SOURCE_CLUSTER]
    if (!cluster || slice.addressType === 'FQDN') continue
    const ports = backendPorts(slice.ports ?? [])
    for (const endpoint of slice.endpoints ?? []) {
      if (endpoint.conditions?.ready === false) continue
      for (const { target, address } of endpointAddresses(endpoint, `${cluster}.${service}`)) {
        const key = `${target} ${address.address}`
        const known = backends.get(key)
        backends.set(key, { target, address, ports: known ? unionOfPorts(known.ports, ports) : ports })
      }
    }
  }
  return [...backends.values()]
}

/** Of the ports of an import or a slice, those that have a number. */
export function backendPorts(ports: readonly EndpointPort[]): BackendPort[] {
  return ports.flatMap(({ name, protocol, port }) => {
    // The API takes any number.
    if (!isPortNumber(port)) return []
    const labels = `_${name}._${protocol ?? 'TCP'}`.toLowerCase()
    return [name && isDomainName(labels) ? { labels, number: port } : { number: port }]
  })
}

function* endpointAddresses(endpoint: Endpoint, parent: string) {
  for (const text of endpoint.addresses) {
    const address = addressRecord(text)
    const target = `${endpoint.hostname || addressLabel(text)}.${parent}`.toLowerCase()
    if (address && isDomainName(target)) yield { target, address }
  }
}

function unionOfPorts(some: readonly BackendPort[], more: readonly BackendPort[]): BackendPort[] {
  const isIn = (port: BackendPort) =>
    some.some(known => known.labels === port.labels && known.number === port.number)
  return [...some, ...more.filter(port => !isIn(port))]
}

/** Whether each label has 1 to 63 ASCII characters, and the whole at most 255 bytes as sent (RFC 1035, 2.3.4). */
function isDomainName(relative: string): boolean {
  const name = `${relative}.${CLUSTERSET_ZONE}`
  return name.length + 2 <= 255 && name.split('.').every(label => /^[!-~]{1,63}$/.test(label))
}
