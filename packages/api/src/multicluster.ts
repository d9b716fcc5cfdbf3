/** `multicluster.x-k8s.io` (KEP-1645) and `about.k8s.io` (KEP-2149), wire shape. */
import type { Condition, KubernetesObject } from './meta.ts'
import type { IPFamily, Protocol, SessionAffinity, SessionAffinityConfig } from './service.ts'

export interface ServiceExport extends KubernetesObject {
  spec?: {
    exportedLabels?: Record<string, string>
    exportedAnnotations?: Record<string, string>
  }
  status?: { conditions?: Condition[] }
}

export type ServiceImportType = 'ClusterSetIP' | 'Headless'

export interface ServiceImportPort {
  name?: string
  protocol?: Protocol
  appProtocol?: string
  port: number
}

export interface ServiceImportSpec {
  type: ServiceImportType
  ports: ServiceImportPort[]
  ips?: string[]
  ipFamilies?: IPFamily[]
  sessionAffinity?: SessionAffinity
  sessionAffinityConfig?: SessionAffinityConfig
  internalTrafficPolicy?: 'Cluster' | 'Local'
  trafficDistribution?: string
}

export interface ServiceImportStatus {
  clusters?: { cluster: string }[]
  conditions?: Condition[]
  endpointSliceObjects?: 'Present' | 'Absent'
}

export interface ServiceImport extends KubernetesObject {
  spec: ServiceImportSpec
  status?: ServiceImportStatus
}

/** `about.k8s.io/v1beta1` ClusterProperty: cluster-scoped. */
export interface ClusterProperty extends KubernetesObject {
  spec: { value: string }
}

/** `multicluster.x-k8s.io/v1alpha1` ClusterProfile (KEP-4322, KEP-5339). */
export interface ClusterProfile extends KubernetesObject {
  spec: { displayName?: string; clusterManager: { name: string } }
  status?: {
    conditions?: Condition[]
    version?: { kubernetes?: string }
    properties?: { name: string; value: string; lastObservedTime?: string }[]
    accessProviders?: {
      name: string
      cluster: { server?: string; 'certificate-authority-data'?: string; 'tls-server-name'?: string }
    }[]
  }
}
