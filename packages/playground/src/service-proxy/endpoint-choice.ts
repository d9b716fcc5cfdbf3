/** Which endpoint a new connection goes to. Pure: the listener keeps the state and passes it in. */

/** An address and port of a pod, as EndpointSlices have them. */
export interface ProxyEndpoint {
  /** `address:port`: what tells endpoints apart. */
  readonly key: string
  readonly address: string
  readonly port: number
}

/**
 * The endpoint for a connection: the one the client had before, if it is still there, else the next in
 * turn. Going round spreads more evenly than chance does: never more than one connection apart.
 *
 * @param endpoints usable ones, in a fixed order
 * @param turn how many connections were spread before this one
 * @param previous the client's endpoint, if affinity holds: a {@link ProxyEndpoint.key}
 */
export function chooseEndpoint(
  endpoints: readonly ProxyEndpoint[],
  turn: number,
  previous: string | undefined,
): ProxyEndpoint | undefined {
  if (previous !== undefined) {
    const kept = endpoints.find(endpoint => endpoint.key === previous)
    if (kept !== undefined) return kept
  }
  return endpoints[turn % endpoints.length]
}
