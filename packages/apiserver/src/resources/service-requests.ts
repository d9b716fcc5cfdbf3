/** What a Service names of what is scarce, and does not hold yet. */
import type { IPFamily } from '../allocation/ip-address.ts'
import { holdings } from './service-holdings.ts'
import {
  isExternalName,
  isHeadless,
  isLoadBalancer,
  needsNodePorts,
  type Service,
  type ServicePort,
} from './service-spec.ts'

/** Addresses that are asked for and not held yet; `shown` is `clusterIPs` with a place for each that is not. */
export function requestedIPs(
  service: Service,
  old: Service | undefined,
): { family: IPFamily; ip: string; shown: string[] }[] {
  if (isExternalName(service) || isHeadless(service)) return []
  const { ipFamilies = [], clusterIPs = [] } = service.spec
  const shown = ipFamilies.map((_, i) => clusterIPs[i] ?? '')
  const isNew = old === undefined || isExternalName(old)
  const isUpgrade = old?.spec.ipFamilies?.length === 1 && ipFamilies.length === 2
  return ipFamilies.flatMap((family, i) => {
    const ip = clusterIPs[i]
    return ip !== undefined && (isNew || (isUpgrade && i === 1)) ? [{ family, ip, shown }] : []
  })
}

/** The node port that any of the Service's ports of this number asks for. */
export const requestedFor = (number: number, ports: readonly ServicePort[]): number | undefined =>
  ports.find(({ port, nodePort }) => port === number && nodePort !== undefined)?.nodePort

/** Node ports that are asked for and not held yet, in the order in which kube-apiserver takes them. */
export function requestedNodePorts(
  service: Service,
  old: Service | undefined,
): { index: number; port: number }[] {
  if (!needsNodePorts(service)) return []
  const ports = service.spec.ports ?? []
  const held = new Set(holdings(old).ports)
  const allocates = !isLoadBalancer(service) || service.spec.allocateLoadBalancerNodePorts !== false
  const shared = new Map<number, number>()
  const requests: { index: number; port: number }[] = []
  for (const [index, { port, nodePort }] of ports.entries()) {
    if (old !== undefined) {
      if (nodePort === undefined || held.has(nodePort)) continue
      held.add(nodePort)
      requests.push({ index, port: nodePort })
    } else if (nodePort !== undefined || allocates) {
      const wanted = shared.has(port) ? nodePort : requestedFor(port, ports)
      if (wanted !== undefined && wanted !== shared.get(port)) requests.push({ index, port: wanted })
      if (wanted !== undefined && !shared.has(port)) shared.set(port, wanted)
    }
  }
  return requests
}
