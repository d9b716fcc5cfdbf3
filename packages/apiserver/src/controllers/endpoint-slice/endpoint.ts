/** A pod as an endpoint of a Service. */
import { formatAddress, type IPFamily, parseAddress } from '../../allocation/ip-address.ts'
import type { StoredObject } from '../../registry/definition.ts'
import type { Endpoint, EndpointHints, EndpointPort } from '../../resources/endpoint-slice-spec.ts'
import { isHeadless, type Service, type ServicePort } from '../../resources/service-spec.ts'
import { isReady, isTerminal, isTerminating, type Pod } from '../pod.ts'

const ZONE_LABEL = 'topology.kubernetes.io/zone'

/** A pod that has an address and may still answer there, on a node that exists; on its way out it may. */
export function hasEndpoint(pod: Pod, node: StoredObject | undefined, service: Service): boolean {
  const isKnown = node !== undefined || service.spec.publishNotReadyAddresses === true
  return isKnown && !isTerminal(pod) && podIPs(pod).length > 0
}

/** Undefined if the pod has no address of the family. */
export function endpointOf(
  pod: Pod,
  node: StoredObject | undefined,
  service: Service,
  family: IPFamily,
): Endpoint | undefined {
  const addresses = addressesOf(pod, family)
  if (addresses.length === 0) return undefined
  const serving = isReady(pod)
  const terminating = isTerminating(pod)
  const ready = service.spec.publishNotReadyAddresses === true || (serving && !terminating)
  const { name, namespace, uid } = pod.metadata
  const { nodeName, hostname, subdomain } = pod.spec
  const zone = node?.metadata.labels?.[ZONE_LABEL]
  const hints = ready ? hintsOf(service.spec.trafficDistribution, zone, nodeName) : undefined
  return {
    addresses,
    conditions: { ready, serving, terminating },
    ...(hostname && subdomain === service.metadata.name ? { hostname } : {}),
    targetRef: { kind: 'Pod', ...(namespace ? { namespace } : {}), name, uid },
    ...(nodeName ? { nodeName } : {}),
    ...(zone ? { zone } : {}),
    ...(hints ? { hints } : {}),
  }
}

/** Ports of the Service on this pod; one whose target port the pod has not is left out. */
export function endpointPorts(service: Service, pod: Pod): EndpointPort[] {
  const ports = service.spec.ports ?? []
  if (ports.length === 0 && isHeadless(service)) return []
  return ports.flatMap(port => {
    const number = targetPort(pod, port)
    if (number === undefined) return []
    const { name = '', protocol = 'TCP', appProtocol } = port
    return [{ name, protocol, port: number, ...(appProtocol === undefined ? {} : { appProtocol }) }]
  })
}

function targetPort({ spec }: Pod, { targetPort: target, protocol }: ServicePort): number | undefined {
  if (typeof target !== 'string') return target
  const sidecars = (spec.initContainers ?? []).filter(container => container.restartPolicy === 'Always')
  return [...(spec.containers ?? []), ...sidecars]
    .flatMap(container => container.ports ?? [])
    .find(port => port.name === target && (port.protocol ?? 'TCP') === protocol)?.containerPort
}

/** Who knows only `podIP` sets that alone. */
const podIPs = ({ status: { podIP, podIPs: ips } }: Pod): readonly { readonly ip: string }[] =>
  ips ?? (podIP ? [{ ip: podIP }] : [])

function addressesOf(pod: Pod, family: IPFamily): string[] {
  return podIPs(pod).flatMap(({ ip }) => {
    const address = parseAddress(ip)
    return address?.family === family ? [formatAddress(address)] : []
  })
}

/** Where traffic shall stay if it can (KEP-4444, KEP-3015). */
function hintsOf(
  distribution: string | undefined,
  zone: string | undefined,
  nodeName: string | undefined,
): EndpointHints | undefined {
  if (distribution === undefined) return undefined
  const hints: EndpointHints = {
    ...(zone ? { forZones: [{ name: zone }] } : {}),
    ...(nodeName && distribution === 'PreferSameNode' ? { forNodes: [{ name: nodeName }] } : {}),
  }
  return Object.keys(hints).length > 0 ? hints : undefined
}
