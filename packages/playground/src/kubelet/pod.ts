/** What the kubelet reads of a Pod beyond the fields that Isthmus itself uses. */
import type { Container, Pod, PodSpec } from '@isthmus/api'

export interface EnvironmentVariable {
  name: string
  value?: string
  valueFrom?: { fieldRef?: { fieldPath: string } }
}

export type PodContainer = Omit<Container, 'env'> & { env?: EnvironmentVariable[]; workingDir?: string }

export interface KubeletPod extends Pod {
  spec: Omit<PodSpec, 'containers'> & {
    containers: PodContainer[]
    restartPolicy?: RestartPolicy
    nodeSelector?: Record<string, string>
    schedulerName?: string
    schedulingGates?: { name: string }[]
  }
}

export type RestartPolicy = 'Always' | 'OnFailure' | 'Never'

/** A node of the playground, as its kubelet knows it. */
export interface KubeletNode {
  readonly name: string
  readonly zone: string
  readonly address: string
  /** A /24 of 10.0.0.0/8. */
  readonly podCIDR: string
}

/** Where a pod runs and what it is called: what its containers are told. */
export interface PodIdentity {
  readonly cluster: string
  readonly zone: string
  readonly node: string
  readonly namespace: string
  readonly pod: string
  readonly uid: string
  readonly podIP: string
  readonly hostIP: string
}
