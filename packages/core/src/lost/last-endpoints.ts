import { type EndpointSlice, type IPFamily, LABEL_SOURCE_CLUSTER } from '@isthmus/api'
import type { ImportedPlan } from '../import/plan.ts'
import { readyEndpoints } from './held-back.ts'

/** Where ready endpoints of one member are: one slice's worth. */
export interface ReadyEndpoints {
  readonly clusterId: string
  readonly family: IPFamily | 'FQDN'
  /** Names of the import's ports; none for a service without ports. */
  readonly ports: readonly string[]
  readonly ready: number
}

/**
 * Of the members whose endpoints are to be held back, those of which it can be done without taking away the last
 * ready endpoints of the service, for any family and port. The others stay: endpoints that may not answer are
 * better than none.
 */
export function withoutLastEndpoints(
  toHoldBack: ReadonlySet<string>,
  endpoints: readonly ReadyEndpoints[],
): ReadonlySet<string> {
  if (toHoldBack.size === 0) return toHoldBack
  const reached = new Set(endpoints.filter(({ clusterId }) => !toHoldBack.has(clusterId)).flatMap(placesOf))
  const last = endpoints
    .filter(({ clusterId }) => toHoldBack.has(clusterId))
    .filter(entry => placesOf(entry).some(place => !reached.has(place)))
    .map(({ clusterId }) => clusterId)
  return toHoldBack.difference(new Set(last))
}

function placesOf({ family, ports, ready }: ReadyEndpoints): readonly string[] {
  if (ready === 0) return []
  return ports.length === 0 ? [family] : ports.map(port => `${family} ${port}`)
}

/** Where the ready endpoints of an import are: those that are planned, and those that stay as they are stored. */
export function readyEndpointsOf(
  plan: ImportedPlan,
  stored: readonly EndpointSlice[],
): readonly ReadyEndpoints[] {
  const planned = plan.slices.flatMap(({ clusterId, chunk, ports, memberExport }) => {
    const content = memberExport.chunks.get(chunk)
    if (content === undefined) return []
    const names = content.ports.flatMap(({ name }) => ports.get(name)?.name ?? [])
    const ready = content.endpoints.filter(endpoint => endpoint.ready).length
    return [{ clusterId, family: content.addressType, ports: names, ready }]
  })
  const kept = stored
    .filter(({ metadata }) => plan.keptSlices.has(metadata.name ?? ''))
    .map(slice => ({
      clusterId: slice.metadata.labels?.[LABEL_SOURCE_CLUSTER] ?? '',
      family: slice.addressType,
      ports: (slice.ports ?? []).map(({ name = '' }) => name),
      ready: readyEndpoints(slice),
    }))
  return [...planned, ...kept]
}
