/**
 * What kube-apiserver makes of a Service before it looks at it: values that it once allocated are kept for clients that
 * do not send them, `clusterIP` and `clusterIPs` are brought in line, and fields that a new type has no use for go.
 */
import {
  isExternallyAccessible,
  isExternalName,
  isLoadBalancer,
  needsHealthCheck,
  needsNodePorts,
  type Service,
  type ServicePort,
  sameClusterIPs,
  sameFamilies,
} from './service-spec.ts'

export function prepareService(service: Service, old: Service | undefined): void {
  if (old === undefined) {
    service.status = { loadBalancer: {} }
    if (service.spec.clusterIP !== undefined) service.spec.clusterIPs ??= [service.spec.clusterIP]
  } else {
    service.status = old.status
    keepAllocated(service, old)
    alignClusterIPs(service, old)
    for (const drop of DROPS) drop(service, old)
  }
  if (isExternalName(service)) delete service.spec.internalTrafficPolicy
}

/** A client that applies the manifest it created the Service with gets the same addresses and ports again. */
function keepAllocated(service: Service, old: Service): void {
  const { spec } = service
  if (!isExternalName(old) && !isExternalName(service)) {
    if (spec.clusterIP === undefined) assign(spec, 'clusterIP', old.spec.clusterIP)
    if (spec.clusterIPs === undefined) assign(spec, 'clusterIPs', old.spec.clusterIPs)
  }
  if (needsNodePorts(old) && needsNodePorts(service)) keepNodePorts(spec.ports ?? [], old.spec.ports ?? [])
  if (needsHealthCheck(old) && needsHealthCheck(service) && spec.healthCheckNodePort === undefined) {
    assign(spec, 'healthCheckNodePort', old.spec.healthCheckNodePort)
  }
}

/** By port name, unless the number is in use for another port by now. */
function keepNodePorts(ports: ServicePort[], old: readonly ServicePort[]): void {
  const before = new Map(old.map(port => [port.name, port.nodePort]))
  const held = new Set(before.values())
  const used = new Set(ports.map(port => port.nodePort).filter(nodePort => held.has(nodePort)))
  for (const port of ports) {
    if (port.nodePort !== undefined) continue
    const kept = before.get(port.name)
    if (kept !== undefined && !used.has(kept)) port.nodePort = kept
  }
}

/** Clients that know only `clusterIP` change or clear it alone. */
function alignClusterIPs(service: Service, old: Service): void {
  const { spec } = service
  if (spec.clusterIPs === undefined && spec.clusterIP === old.spec.clusterIP) {
    assign(spec, 'clusterIPs', old.spec.clusterIPs)
  }
  if (spec.clusterIP === old.spec.clusterIP || !sameClusterIPs(service, old)) return
  if (spec.clusterIP !== undefined) spec.clusterIPs = [spec.clusterIP]
  else delete spec.clusterIPs
}

type Drop = (service: Service, old: Service) => void

/** Only what the client left as it was: a value that it set anew is for validation to refuse. */
const DROPS: readonly Drop[] = [
  (service, old) => {
    if (isExternalName(old) || !isExternalName(service)) return
    const { spec } = service
    if (sameFamilies(service, old)) delete spec.ipFamilies
    if (spec.ipFamilyPolicy === old.spec.ipFamilyPolicy) delete spec.ipFamilyPolicy
    if (spec.clusterIP === old.spec.clusterIP && sameClusterIPs(service, old)) {
      delete spec.clusterIP
      delete spec.clusterIPs
    }
  },
  (service, old) => {
    if (!needsNodePorts(old) || needsNodePorts(service)) return
    const before = new Set(old.spec.ports?.map(port => port.nodePort))
    const ports = service.spec.ports ?? []
    if (ports.some(port => port.nodePort !== undefined && !before.has(port.nodePort))) return
    for (const port of ports) delete port.nodePort
  },
  (service, old) => {
    if (needsHealthCheck(old) && !needsHealthCheck(service)) delete service.spec.healthCheckNodePort
  },
  ({ spec }, old) => {
    if (!isLoadBalancer(old) || spec.type === 'LoadBalancer') return
    if (spec.allocateLoadBalancerNodePorts === old.spec.allocateLoadBalancerNodePorts) {
      delete spec.allocateLoadBalancerNodePorts
    }
    if (spec.loadBalancerClass === old.spec.loadBalancerClass) delete spec.loadBalancerClass
  },
  (service, old) => {
    const { spec } = service
    const lost = isExternallyAccessible(old) && !isExternallyAccessible(service)
    if (lost && spec.externalTrafficPolicy === old.spec.externalTrafficPolicy)
      delete spec.externalTrafficPolicy
  },
  service => {
    if (!isLoadBalancer(service)) service.status = { ...service.status, loadBalancer: {} }
  },
]

/** Sets a field only if there is a value: a missing field is never present and undefined. */
function assign<T, K extends keyof T>(object: T, key: K, value: T[K] | undefined): void {
  if (value !== undefined) object[key] = structuredClone(value)
}
