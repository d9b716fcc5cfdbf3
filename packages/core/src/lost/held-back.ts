import type { Endpoint, EndpointSlice } from '@isthmus/api'

/**
 * On a slice whose endpoints are held back: the conditions that they had, a digit each (1 ready, 2 serving). A
 * member that is silent cannot be asked for them again.
 */
export const ANNOTATION_HELD_BACK = 'isthmus.dev/held-back-conditions'

/** Neither ready nor serving: kube-proxy falls back to endpoints that serve and terminate where none is ready. */
export function heldBack(slice: EndpointSlice): EndpointSlice {
  if (isHeldBack(slice)) return slice
  const endpoints = slice.endpoints ?? []
  const annotations = {
    ...slice.metadata.annotations,
    [ANNOTATION_HELD_BACK]: endpoints.map(digitOf).join(''),
  }
  return {
    ...slice,
    metadata: { ...slice.metadata, annotations },
    endpoints: endpoints.map(endpoint => ({
      ...endpoint,
      conditions: { ...endpoint.conditions, ready: false, serving: false },
    })),
  }
}

/** A slice as it was before it was held back. */
export function released(slice: EndpointSlice): EndpointSlice {
  const { [ANNOTATION_HELD_BACK]: digits, ...annotations } = slice.metadata.annotations ?? {}
  if (digits === undefined) return slice
  return {
    ...slice,
    metadata: { ...slice.metadata, annotations },
    endpoints: (slice.endpoints ?? []).map((endpoint, n) => {
      const bits = Number(digits[n] ?? 0)
      return {
        ...endpoint,
        conditions: { ...endpoint.conditions, ready: (bits & 1) !== 0, serving: (bits & 2) !== 0 },
      }
    }),
  }
}

export function isHeldBack({ metadata }: EndpointSlice): boolean {
  return metadata.annotations?.[ANNOTATION_HELD_BACK] !== undefined
}

/** How many endpoints of a slice are ready, or would be were they not held back. */
export function readyEndpoints(slice: EndpointSlice): number {
  return (slice.endpoints ?? []).filter((_, n) => isReadyAt(slice, n)).length
}

/** Whether the endpoint at that place is ready, or would be were it not held back. */
export function isReadyAt(slice: EndpointSlice, place: number): boolean {
  const digits = slice.metadata.annotations?.[ANNOTATION_HELD_BACK]
  const endpoint = slice.endpoints?.[place]
  if (digits === undefined) return endpoint !== undefined && isReady(endpoint)
  return (Number(digits[place] ?? 0) & 1) !== 0
}

function isReady({ conditions }: Endpoint): boolean {
  return conditions?.ready ?? true
}

function digitOf(endpoint: Endpoint): number {
  const ready = isReady(endpoint)
  return Number(ready) | (Number(endpoint.conditions?.serving ?? ready) << 1)
}
