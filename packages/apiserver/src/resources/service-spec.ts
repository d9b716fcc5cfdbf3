import type { IPFamily } from '../allocation/ip-address.ts'
import type { StoredObject } from '../registry/definition.ts'

/** A Service as these rules see it. Values that a client sends are only known to have the right JSON type. */
export interface Service extends StoredObject {
  spec: ServiceSpec
  status: ServiceStatus
}

export interface ServiceSpec {
  type?: string
  ports?: ServicePort[]
  selector?: Record<string, string>
  clusterIP?: string
  clusterIPs?: string[]
  externalIPs?: string[]
  externalName?: string
  sessionAffinity?: string
  sessionAffinityConfig?: { clientIP?: { timeoutSeconds?: number } }
  loadBalancerIP?: string
  loadBalancerSourceRanges?: string[]
  loadBalancerClass?: string
  allocateLoadBalancerNodePorts?: boolean
  externalTrafficPolicy?: string
  internalTrafficPolicy?: string
  healthCheckNodePort?: number
  publishNotReadyAddresses?: boolean
  ipFamilies?: IPFamily[]
  ipFamilyPolicy?: string
  trafficDistribution?: string
}

export interface ServicePort {
  name?: string
  protocol?: string
  appProtocol?: string
  port: number
  targetPort?: number | string
  nodePort?: number
}

export interface ServiceStatus {
  loadBalancer: { ingress?: LoadBalancerIngress[] }
  conditions?: unknown[]
}

export interface LoadBalancerIngress {
  ip?: string
  ipMode?: string
  hostname?: string
  ports?: unknown[]
}

export const SERVICES = { group: '', plural: 'services' } as const

export const isHeadless = ({ spec }: Service): boolean =>
  spec.clusterIPs?.length === 1 && spec.clusterIPs[0] === 'None'

export const isExternalName = ({ spec }: Service): boolean => spec.type === 'ExternalName'

export const isLoadBalancer = ({ spec }: Service): boolean => spec.type === 'LoadBalancer'

/** Whether each port is open on every node. */
export const needsNodePorts = ({ spec }: Service): boolean =>
  spec.type === 'NodePort' || spec.type === 'LoadBalancer'

export const isExternallyAccessible = (service: Service): boolean =>
  needsNodePorts(service) ||
  (service.spec.type === 'ClusterIP' && (service.spec.externalIPs ?? []).length > 0)

/** A load balancer that must learn which nodes have endpoints asks them at a node port of its own. */
export const needsHealthCheck = ({ spec }: Service): boolean =>
  spec.type === 'LoadBalancer' && spec.externalTrafficPolicy === 'Local'

export const sameList = (a: readonly unknown[] = [], b: readonly unknown[] = []): boolean =>
  a.length === b.length && a.every((value, i) => value === b[i])

export const sameClusterIPs = (a: Service, b: Service): boolean =>
  sameList(a.spec.clusterIPs, b.spec.clusterIPs)

export const sameFamilies = (a: Service, b: Service): boolean =>
  sameList(a.spec.ipFamilies, b.spec.ipFamilies)
