import type { KubernetesObject } from './meta.ts'
import type { Protocol } from './service.ts'

export interface EndpointPort {
  name?: string
  protocol?: Protocol
  /** Unset: the port is not restricted. */
  port?: number
  appProtocol?: string
}

/** Unset: unknown; `ready` and `serving` unknown count as true, `terminating` as false. */
export interface EndpointConditions {
  ready?: boolean
  serving?: boolean
  terminating?: boolean
}

export interface EndpointHints {
  forZones?: { name: string }[]
  forNodes?: { name: string }[]
}

export interface Endpoint {
  addresses: string[]
  conditions?: EndpointConditions
  hostname?: string
  nodeName?: string
  zone?: string
  hints?: EndpointHints
  targetRef?: { kind?: string; namespace?: string; name?: string; uid?: string }
}

export type AddressType = 'IPv4' | 'IPv6' | 'FQDN'

/** `discovery.k8s.io/v1` EndpointSlice. */
export interface EndpointSlice extends KubernetesObject {
  addressType: AddressType
  endpoints: Endpoint[]
  ports?: EndpointPort[]
}
