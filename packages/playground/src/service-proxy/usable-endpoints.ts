/**
 * Which endpoints of a Service a proxy on one node sends to, as kube-proxy decides it
 * (pkg/proxy/topology.go of Kubernetes 1.36): ready ones; near ones if hints say so; serving and
 * terminating ones when none is ready anywhere; those of the own node alone for policy Local.
 */
import type { Endpoint, ServiceSpec } from '@isthmus/api'

/** Where the proxy runs. */
export interface ProxyNode {
  readonly name: string
  readonly zone: string
}

export function usableEndpoints<E extends Endpoint>(
  endpoints: readonly E[],
  policy: ServiceSpec['internalTrafficPolicy'],
  node: ProxyNode,
): readonly E[] {
  if (policy === 'Local')
    return readyOrDraining(endpoints.filter(endpoint => endpoint.nodeName === node.name))
  const ready = endpoints.filter(isReady)
  return ready.length > 0 ? nearest(ready, node) : endpoints.filter(isDraining)
}

function readyOrDraining<E extends Endpoint>(endpoints: readonly E[]): readonly E[] {
  const ready = endpoints.filter(isReady)
  return ready.length > 0 ? ready : endpoints.filter(isDraining)
}

/** Hints count only if every ready endpoint has them and one of them is for here. */
function nearest<E extends Endpoint>(ready: readonly E[], node: ProxyNode): readonly E[] {
  for (const isNear of [
    (endpoint: E) => hinted(endpoint.hints?.forNodes, node.name),
    (endpoint: E) => hinted(endpoint.hints?.forZones, node.zone),
  ]) {
    const near = ready.map(isNear)
    if (!near.includes(undefined) && near.includes(true)) return ready.filter((_, index) => near[index])
  }
  return ready
}

/** Undefined: no hint. */
function hinted(hints: readonly { name: string }[] | undefined, name: string): boolean | undefined {
  return hints === undefined || hints.length === 0 ? undefined : hints.some(hint => hint.name === name)
}

/** Unknown counts as ready, and as serving what ready says. */
function isReady({ conditions }: Endpoint): boolean {
  return conditions?.ready ?? true
}

function isDraining({ conditions }: Endpoint): boolean {
  return (conditions?.serving ?? conditions?.ready ?? true) && conditions?.terminating === true
}
