/** The few fields that are used of other built-in kinds. */
import type { Condition, KubernetesObject } from './meta.ts'

export interface Namespace extends KubernetesObject {
  status?: { phase?: 'Active' | 'Terminating'; conditions?: Condition[] }
}

export interface ConfigMap extends KubernetesObject {
  data?: Record<string, string>
}

export interface Secret extends KubernetesObject {
  type?: string
  data?: Record<string, string>
  stringData?: Record<string, string>
}

/** `coordination.k8s.io/v1` Lease. */
export interface Lease extends KubernetesObject {
  spec?: {
    holderIdentity?: string
    leaseDurationSeconds?: number
    acquireTime?: string
    renewTime?: string
    leaseTransitions?: number
  }
}

export interface Node extends KubernetesObject {
  spec?: { podCIDR?: string; podCIDRs?: string[] }
  status?: { addresses?: { type: string; address: string }[]; conditions?: Condition[] }
}

/** `networking.k8s.io/v1` ServiceCIDR: of Kubernetes 1.33 and later. */
export interface ServiceCIDR extends KubernetesObject {
  spec?: { cidrs?: string[] }
}

export interface ContainerPort {
  name?: string
  containerPort: number
  protocol?: 'TCP' | 'UDP' | 'SCTP'
}

export interface Container {
  name: string
  image?: string
  command?: string[]
  args?: string[]
  env?: { name: string; value?: string }[]
  ports?: ContainerPort[]
}

export interface PodSpec {
  containers: Container[]
  serviceAccountName?: string
  nodeName?: string
  hostname?: string
  subdomain?: string
  terminationGracePeriodSeconds?: number
}

export interface Pod extends KubernetesObject {
  spec: PodSpec
  status?: {
    phase?: 'Pending' | 'Running' | 'Succeeded' | 'Failed' | 'Unknown'
    podIP?: string
    podIPs?: { ip: string }[]
    conditions?: { type: string; status: string; lastTransitionTime?: string; reason?: string }[]
    [field: string]: unknown
  }
}

export interface Deployment extends KubernetesObject {
  spec: {
    replicas?: number
    selector: { matchLabels?: Record<string, string> }
    template: { metadata?: { labels?: Record<string, string> }; spec: PodSpec }
    [field: string]: unknown
  }
  status?: { replicas?: number; readyReplicas?: number; availableReplicas?: number; [field: string]: unknown }
}

/** `events.k8s.io/v1` Event. */
export interface Event extends KubernetesObject {
  eventTime?: string
  reportingController?: string
  reportingInstance?: string
  action?: string
  reason?: string
  note?: string
  type?: 'Normal' | 'Warning'
  regarding?: { apiVersion?: string; kind?: string; namespace?: string; name?: string; uid?: string }
  series?: { count: number; lastObservedTime: string }
}

export interface CustomResourceDefinition extends KubernetesObject {
  spec: {
    group: string
    names: { kind: string; plural: string; singular?: string; shortNames?: string[]; categories?: string[] }
    scope: 'Namespaced' | 'Cluster'
    versions: { name: string; served: boolean; storage: boolean; schema?: { openAPIV3Schema?: object } }[]
  }
  status?: { conditions?: Condition[] }
}
