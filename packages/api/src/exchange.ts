/** `isthmus.dev/v1alpha1`: what a member publishes in its exchange, for its peers alone to read. */
import type { KubernetesObject } from './meta.ts'
import type { ServiceImportPort, ServiceImportType } from './multicluster.ts'
import type { IPFamily, Protocol, SessionAffinity, SessionAffinityConfig } from './service.ts'

/**
 * All that a member exports, by name. The only thing whose absence means anything: a service that an
 * index of the highest sequence omits is withdrawn.
 */
export interface ExportIndex extends KubernetesObject {
  spec: {
    /** Grows with every write: max(previous + 1, clock in milliseconds). */
    sequence: number
    /** The publisher's own idea of its id: compared with the reader's, never believed. */
    clusterId: string
    /** `namespace/name`, sorted. */
    services: string[]
  }
}

export interface ExportedServiceSpec {
  service: { namespace: string; name: string }
  /** creationTimestamp of the ServiceExport: precedence among exports. */
  exportedAt: string
  type: ServiceImportType
  ports: ServiceImportPort[]
  ipFamilies: IPFamily[]
  sessionAffinity: SessionAffinity
  sessionAffinityConfig?: SessionAffinityConfig
  internalTrafficPolicy?: 'Cluster' | 'Local'
  trafficDistribution?: string
  publishNotReadyAddresses?: boolean
  labels?: Record<string, string>
  annotations?: Record<string, string>
  /** Names of its ExportedEndpoints, sorted. */
  chunks: string[]
}

/** Name: `<service>.<namespace>`. */
export interface ExportedService extends KubernetesObject {
  spec: ExportedServiceSpec
}

export interface ExportedEndpoint {
  addresses: string[]
  ready: boolean
  serving: boolean
  terminating: boolean
  hostname?: string
  zone?: string
  nodeName?: string
}

export interface ExportedEndpointPort {
  name: string
  protocol: Protocol
  port: number
  appProtocol?: string
}

export interface ExportedEndpointsSpec {
  service: { namespace: string; name: string }
  addressType: IPFamily
  ports: ExportedEndpointPort[]
  endpoints: ExportedEndpoint[]
}

/** One per source EndpointSlice. Name: `<service>.<namespace>.<hash of the slice's name>`. */
export interface ExportedEndpoints extends KubernetesObject {
  spec: ExportedEndpointsSpec
}
