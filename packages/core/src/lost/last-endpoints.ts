import type { IPFamily } from '@isthmus/api'

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
