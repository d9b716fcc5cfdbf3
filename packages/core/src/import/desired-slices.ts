import { isDeepStrictEqual } from 'node:util'
import {
  type Endpoint,
  type EndpointSlice,
  type ExportedEndpoint,
  LABEL_HEADLESS,
  LABEL_KUBERNETES_SERVICE_NAME,
  LABEL_SERVICE_NAME,
  LABEL_SLICE_MANAGED_BY,
  LABEL_SOURCE_CLUSTER,
  MANAGER,
  type Service,
} from '@isthmus/api'
import { ANNOTATION_HELD_BACK } from '../lost/held-back.ts'
import { hintsFor } from './hints.ts'
import type { ImportedPlan, PlannedSlice } from './plan.ts'

export interface SliceContext {
  readonly namespace: string
  readonly name: string
  /** This cluster. */
  readonly clusterId: string
  /** Owner of the slices, where there is one. */
  readonly derivedService: Service | undefined
}

/** The imported EndpointSlice of one chunk. */
export function desiredSlice(
  planned: PlannedSlice,
  plan: ImportedPlan,
  context: SliceContext,
): EndpointSlice {
  const { namespace, name, clusterId, derivedService } = context
  const chunk = planned.memberExport.chunks.get(planned.chunk)
  if (chunk === undefined) throw new TypeError(`chunk ${planned.chunk} is planned without content`)
  const own = planned.clusterId === clusterId
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      namespace,
      name: planned.name,
      labels: {
        [LABEL_SERVICE_NAME]: name,
        [LABEL_SOURCE_CLUSTER]: planned.clusterId,
        [LABEL_SLICE_MANAGED_BY]: MANAGER,
        [LABEL_KUBERNETES_SERVICE_NAME]: plan.derivedName,
        ...(derivedService === undefined ? { [LABEL_HEADLESS]: '' } : {}),
      },
      ...(derivedService === undefined ? {} : { ownerReferences: [ownerOf(derivedService)] }),
    },
    addressType: chunk.addressType,
    ports: chunk.ports.flatMap(({ name: source, protocol, port, appProtocol }) => {
      const merged = planned.ports.get(source)
      if (merged === undefined) return []
      return [{ name: merged.name, protocol, port, ...(appProtocol === undefined ? {} : { appProtocol }) }]
    }),
    endpoints: chunk.endpoints.map(endpoint => endpointOf(endpoint, plan, planned.clusterId, own)),
  }
}

/** The slice to write over `existing`, or undefined where nothing differs. Labels of others stay. */
export function repairedSlice(existing: EndpointSlice, desired: EndpointSlice): EndpointSlice | undefined {
  const { [LABEL_HEADLESS]: _, ...others } = existing.metadata.labels ?? {}
  const labels = { ...others, ...desired.metadata.labels }
  const ownerReferences = desired.metadata.ownerReferences ?? []
  const { [ANNOTATION_HELD_BACK]: __, ...foreign } = existing.metadata.annotations ?? {}
  const annotations = { ...foreign, ...desired.metadata.annotations }
  const same =
    isDeepStrictEqual(existing.endpoints ?? [], desired.endpoints) &&
    isDeepStrictEqual(existing.ports ?? [], desired.ports) &&
    isDeepStrictEqual(existing.metadata.ownerReferences ?? [], ownerReferences) &&
    isDeepStrictEqual(existing.metadata.labels, labels) &&
    isDeepStrictEqual(existing.metadata.annotations ?? {}, annotations)
  if (same) return undefined
  return { ...desired, metadata: { ...existing.metadata, labels, annotations, ownerReferences } }
}

/** Without blockOwnerDeletion: a foreground deletion of the Service need not wait, and we need no right to finalizers. */
function ownerOf(service: Service) {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    name: service.metadata.name ?? '',
    uid: service.metadata.uid ?? '',
  }
}

function endpointOf(
  endpoint: ExportedEndpoint,
  plan: ImportedPlan,
  clusterId: string,
  own: boolean,
): Endpoint {
  const { addresses, ready, serving, terminating, hostname, zone, nodeName } = endpoint
  const hints = hintsFor(plan.spec.trafficDistribution, endpoint, clusterId, own)
  return {
    addresses,
    conditions: { ready, serving, terminating },
    ...(hostname === undefined ? {} : { hostname }),
    // A foreign node name misleads internalTrafficPolicy Local, which compares it with the proxy's own.
    ...(own && nodeName !== undefined ? { nodeName } : {}),
    ...(zone === undefined ? {} : { zone }),
    ...(hints === undefined ? {} : { hints }),
  }
}
