import type { KubernetesObject } from './meta.ts'

export type Protocol = 'TCP' | 'UDP' | 'SCTP'
export type IPFamily = 'IPv4' | 'IPv6'
export type SessionAffinity = 'None' | 'ClientIP'

export interface SessionAffinityConfig {
  clientIP?: { timeoutSeconds?: number }
}

export interface ServicePort {
  name?: string
  protocol?: Protocol
  appProtocol?: string
  port: number
  targetPort?: number | string
  nodePort?: number
}

export interface ServiceSpec {
  type?: 'ClusterIP' | 'NodePort' | 'LoadBalancer' | 'ExternalName'
  selector?: Record<string, string>
  ports?: ServicePort[]
  clusterIP?: string
  clusterIPs?: string[]
  ipFamilies?: IPFamily[]
  ipFamilyPolicy?: 'SingleStack' | 'PreferDualStack' | 'RequireDualStack'
  sessionAffinity?: SessionAffinity
  sessionAffinityConfig?: SessionAffinityConfig
  internalTrafficPolicy?: 'Cluster' | 'Local'
  trafficDistribution?: string
  publishNotReadyAddresses?: boolean
  externalName?: string
}

/** `v1` Service. */
export interface Service extends KubernetesObject {
  spec?: ServiceSpec
  status?: object
}
