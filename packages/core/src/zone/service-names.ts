import type { EndpointSlice, ServiceImport } from '@isthmus/api'
import { isDNSLabel } from '../check/formats.ts'
import {
  type Backend,
  type BackendPort,
  backendPorts,
  clusterSetIPBackends,
  endpointBackends,
} from './backends.ts'
import type { ServiceRecord, ZoneName, ZoneRecord } from './record.ts'

/**
 * All names that an import makes exist, with their records; none if there is nothing to reach: a headless
 * import without ready endpoints, a ClusterSetIP import without ports. `slices` are those that bear the
 * import's name in the label `multicluster.kubernetes.io/service-name`, in its namespace.
 *
 * Sources: KEP-1645's DNS specification; CoreDNS for what that leaves open (SRV without port labels or of
 * an endpoint, addresses at a port's name, weights). `<clusterid>.<service>` never exists.
 */
export function namesOfService(serviceImport: ServiceImport, slices: readonly EndpointSlice[]): ZoneName[] {
  const { metadata, spec } = serviceImport
  // The API lets an import have dots in its name, which would be that of an endpoint, and no spec.
  if (!isDNSLabel(metadata.name) || !spec) return []
  const service = `${metadata.name}.${metadata.namespace}.svc`
  if (spec.type === 'Headless') {
    const backends = endpointBackends(service, slices)
    if (backends.length === 0) return []
    const ports = backends.flatMap(backend => backend.ports)
    return [nameOf(service, backends), ...portNames(service, backends, ports), ...endpointNames(backends)]
  }
  // Before it has an address, a service and its ports exist already: NODATA.
  const ports = backendPorts(spec.ports ?? [])
  if (ports.length === 0) return []
  const backends = clusterSetIPBackends(service, spec, ports)
  return [nameOf(service, backends), ...portNames(service, backends, ports)]
}

/** `_<port>._<protocol>.<service>` for each named port. */
function portNames(service: string, backends: readonly Backend[], ports: readonly BackendPort[]): ZoneName[] {
  const all = new Set(ports.map(port => port.labels).filter(labels => labels !== undefined))
  return [...all].map(labels => {
    const atPort = backends
      .map(backend => ({ ...backend, ports: backend.ports.filter(port => port.labels === labels) }))
      .filter(backend => backend.ports.length > 0)
    return nameOf(`${labels}.${service}`, atPort)
  })
}

/** `<hostname>.<clusterid>.<service>` for each endpoint. */
function endpointNames(backends: readonly Backend[]): ZoneName[] {
  return [...Map.groupBy(backends, backend => backend.target)].map(([name, own]) => nameOf(name, own))
}

/** A name with the addresses of its backends, each once, and with an SRV record for each of their ports. */
function nameOf(name: string, backends: readonly Backend[]): ZoneName {
  const addresses = new Map<string, ZoneRecord>()
  for (const { address } of backends) addresses.set(address.address, address)
  return { name, records: [...addresses.values(), ...serviceRecords(backends)] }
}

/**
 * All of equal weight, as CoreDNS: 100 shared among the pairs of address and port. The addresses of one
 * target, and ports of one number, then share a record.
 */
function serviceRecords(backends: readonly Backend[]): ServiceRecord[] {
  const pairs = backends.flatMap(({ target, ports }) => ports.map(port => ({ target, port: port.number })))
  const weight = Math.max(1, Math.floor(100 / pairs.length))
  const records = new Map<string, ServiceRecord>()
  for (const { target, port } of pairs) {
    records.set(`${target} ${port}`, { type: 'SRV', priority: 0, weight, port, target })
  }
  return [...records.values()]
}
