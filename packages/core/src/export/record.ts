import {
  type EndpointSlice,
  type ExportedEndpoint,
  type ExportedEndpointPort,
  type ExportedEndpointsSpec,
  type ExportedServiceSpec,
  type IPFamily,
  LABEL_SLICE_MANAGED_BY,
  MANAGER,
  type Service,
  type ServiceExport,
  type ServiceImportPort,
} from '@isthmus/api'
import { chunkName } from '../naming/names.ts'

/** What a member publishes for one service: an ExportedService and its ExportedEndpoints by name. */
export interface ExportRecord {
  readonly spec: ExportedServiceSpec
  readonly chunks: ReadonlyMap<string, ExportedEndpointsSpec>
}

/**
 * The record of a valid export.
 * `slices` are all EndpointSlices that bear the Service's name in `kubernetes.io/service-name`.
 */
export function recordOf(
  serviceExport: ServiceExport,
  service: Service,
  slices: readonly EndpointSlice[],
): ExportRecord {
  const namespace = service.metadata.namespace ?? ''
  const name = service.metadata.name ?? ''
  const chunks = new Map<string, ExportedEndpointsSpec>()
  for (const slice of slices) {
    const chunk = chunkOf(namespace, name, slice)
    if (chunk !== undefined) chunks.set(chunkName(namespace, name, slice.metadata.name ?? ''), chunk)
  }
  return { spec: serviceSpecOf(serviceExport, service, [...chunks.keys()].sort()), chunks }
}

function serviceSpecOf(
  serviceExport: ServiceExport,
  service: Service,
  chunks: string[],
): ExportedServiceSpec {
  const spec = service.spec ?? {}
  const headless = spec.clusterIP === 'None'
  return {
    service: { namespace: service.metadata.namespace ?? '', name: service.metadata.name ?? '' },
    exportedAt: serviceExport.metadata.creationTimestamp ?? '',
    type: headless ? 'Headless' : 'ClusterSetIP',
    ports: (spec.ports ?? []).map(portOf),
    ipFamilies: spec.ipFamilies ?? ['IPv4'],
    sessionAffinity: spec.sessionAffinity ?? 'None',
    ...(spec.sessionAffinityConfig === undefined
      ? {}
      : { sessionAffinityConfig: spec.sessionAffinityConfig }),
    ...(spec.internalTrafficPolicy === undefined
      ? {}
      : { internalTrafficPolicy: spec.internalTrafficPolicy }),
    ...(spec.trafficDistribution === undefined ? {} : { trafficDistribution: spec.trafficDistribution }),
    ...(spec.publishNotReadyAddresses === true ? { publishNotReadyAddresses: true } : {}),
    // KEP-1645, Labels and annotations: nothing is exported from metadata.
    ...(isEmpty(serviceExport.spec?.exportedLabels) ? {} : { labels: serviceExport.spec.exportedLabels }),
    ...(isEmpty(serviceExport.spec?.exportedAnnotations)
      ? {}
      : { annotations: serviceExport.spec.exportedAnnotations }),
    chunks,
  }
}

function isEmpty(map: Record<string, string> | undefined): map is undefined {
  return map === undefined || Object.keys(map).length === 0
}

function portOf(port: ServiceImportPort): ServiceImportPort {
  return {
    ...(port.name === undefined || port.name === '' ? {} : { name: port.name }),
    protocol: port.protocol ?? 'TCP',
    ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }),
    port: port.port,
  }
}

/** Objects of a cache never change in place, so a slice converted once stays converted: of 50, one changes at a time. */
const converted = new WeakMap<EndpointSlice, ExportedEndpointsSpec>()

function chunkOf(namespace: string, name: string, slice: EndpointSlice): ExportedEndpointsSpec | undefined {
  const known = converted.get(slice)
  if (known?.service.name === name && known.service.namespace === namespace) return known
  const chunk = newChunk(namespace, name, slice)
  if (chunk !== undefined) converted.set(slice, chunk)
  return chunk
}

/** One source slice as it travels. FQDN slices have no addresses to route to; imported ones are not ours to export. */
function newChunk(namespace: string, name: string, slice: EndpointSlice): ExportedEndpointsSpec | undefined {
  if (slice.addressType === 'FQDN' || slice.metadata.labels?.[LABEL_SLICE_MANAGED_BY] === MANAGER)
    return undefined
  return {
    service: { namespace, name },
    addressType: slice.addressType satisfies IPFamily,
    ports: (slice.ports ?? []).flatMap(port =>
      port.port === undefined ? [] : [chunkPortOf(port, port.port)],
    ),
    // An empty list is null in JSON, as Go writes it.
    endpoints: (slice.endpoints ?? []).map(exportedEndpointOf),
  }
}

function chunkPortOf(
  port: NonNullable<EndpointSlice['ports']>[number],
  number: number,
): ExportedEndpointPort {
  return {
    name: port.name ?? '',
    protocol: port.protocol ?? 'TCP',
    port: number,
    ...(port.appProtocol === undefined ? {} : { appProtocol: port.appProtocol }),
  }
}

/** Unknown conditions read as EndpointSlice's documentation says: ready, serving as ready, not terminating. */
function exportedEndpointOf(endpoint: EndpointSlice['endpoints'][number]): ExportedEndpoint {
  const ready = endpoint.conditions?.ready ?? true
  return {
    addresses: endpoint.addresses,
    ready,
    serving: endpoint.conditions?.serving ?? ready,
    terminating: endpoint.conditions?.terminating ?? false,
    ...(endpoint.hostname === undefined ? {} : { hostname: endpoint.hostname }),
    ...(endpoint.zone === undefined ? {} : { zone: endpoint.zone }),
    ...(endpoint.nodeName === undefined ? {} : { nodeName: endpoint.nodeName }),
  }
}
