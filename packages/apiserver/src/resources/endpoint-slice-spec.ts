import type { StoredObject } from '../registry/definition.ts'

/** An EndpointSlice as these rules see it: values are only known to have the right JSON type. */
export interface EndpointSlice extends StoredObject {
  addressType: string
  /** null when there are none: so Kubernetes writes it. */
  endpoints: Endpoint[] | null
  ports: EndpointPort[] | null
}

export interface Endpoint {
  addresses: string[]
  conditions: { ready?: boolean; serving?: boolean; terminating?: boolean }
  hostname?: string
  targetRef?: { kind?: string; namespace?: string; name?: string; uid?: string }
  deprecatedTopology?: Record<string, string>
  nodeName?: string
  zone?: string
  hints?: EndpointHints
}

export interface EndpointHints {
  forZones?: { name: string }[]
  forNodes?: { name: string }[]
}

export interface EndpointPort {
  name?: string
  protocol?: string
  port?: number
  appProtocol?: string
}

export const ENDPOINT_SLICES = { group: 'discovery.k8s.io', plural: 'endpointslices' } as const
