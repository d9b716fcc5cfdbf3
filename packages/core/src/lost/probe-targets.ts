import { type EndpointSlice, LABEL_SERVICE_NAME } from '@isthmus/api'
import { isReadyAt } from './held-back.ts'

/** Where a TCP connection is tried. */
export interface ProbeTarget {
  readonly address: string
  readonly port: number
}

/**
 * A few of a member's ready endpoints to probe, out of its imported slices: spread over services first, then over
 * slices, ports and endpoints. Each round takes others, so that one pod or one service does not speak for all.
 */
export function probeTargets(
  slices: readonly EndpointSlice[],
  count: number,
  round: number,
): readonly ProbeTarget[] {
  const services = [...Map.groupBy(slices, serviceOf)].sort(([a], [b]) => (a < b ? -1 : 1))
  const targets = new Map<string, ProbeTarget>()
  // Slices without a ready endpoint are passed over, within reason.
  for (let step = 0; step < count * 8 && targets.size < count && services.length > 0; step++) {
    const turn = round * count + step
    const of = services[turn % services.length]?.[1] ?? []
    const target = targetIn(of, Math.floor(turn / services.length))
    if (target !== undefined) targets.set(`${target.address} ${target.port}`, target)
  }
  return [...targets.values()]
}

function targetIn(slices: readonly EndpointSlice[], turn: number): ProbeTarget | undefined {
  const slice = slices[turn % slices.length]
  if (slice === undefined) return undefined
  const ports = (slice.ports ?? []).filter(({ protocol = 'TCP' }) => protocol === 'TCP')
  const ready = (slice.endpoints ?? []).filter((_, n) => isReadyAt(slice, n))
  const within = Math.floor(turn / slices.length)
  const port = ports[within % ports.length]?.port
  const address = ready[within % ready.length]?.addresses[0]
  return port === undefined || address === undefined ? undefined : { address, port }
}

function serviceOf({ metadata }: EndpointSlice): string {
  return `${metadata.namespace}/${metadata.labels?.[LABEL_SERVICE_NAME] ?? ''}`
}
