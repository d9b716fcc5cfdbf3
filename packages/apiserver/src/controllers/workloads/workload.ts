/** Deployments, ReplicaSets and StatefulSets as their controllers see them. */
import type { StoredObject } from '../../registry/definition.ts'
import type { LabelSelector } from '../../selectors/label-selector.ts'
import type { PodTemplate } from '../pod.ts'

export const DEPLOYMENTS = { group: 'apps', plural: 'deployments' } as const
export const REPLICA_SETS = { group: 'apps', plural: 'replicasets' } as const
export const STATEFUL_SETS = { group: 'apps', plural: 'statefulsets' } as const

/** The condition that says why pods cannot be made. */
export const REPLICA_FAILURE = 'ReplicaFailure'

export interface WorkloadSpec {
  replicas?: number
  selector: LabelSelector
  template: PodTemplate
  minReadySeconds?: number
}

export interface WorkloadStatus {
  replicas?: number
  readyReplicas?: number
  availableReplicas?: number
  observedGeneration?: number
  conditions?: WorkloadCondition[]
}

export interface WorkloadCondition {
  type: string
  status: 'True' | 'False' | 'Unknown'
  lastUpdateTime?: string
  lastTransitionTime?: string
  reason?: string
  message?: string
}

export interface ReplicaSet extends StoredObject {
  spec: WorkloadSpec
  status: WorkloadStatus & { fullyLabeledReplicas?: number }
}

export interface Deployment extends StoredObject {
  spec: WorkloadSpec & {
    strategy?: {
      type?: string
      rollingUpdate?: { maxSurge?: number | string; maxUnavailable?: number | string }
    }
    revisionHistoryLimit?: number
    progressDeadlineSeconds?: number
    paused?: boolean
  }
  status: WorkloadStatus & { updatedReplicas?: number; unavailableReplicas?: number; collisionCount?: number }
}

export interface StatefulSet extends StoredObject {
  spec: WorkloadSpec & {
    serviceName?: string
    podManagementPolicy?: string
    ordinals?: { start?: number }
    updateStrategy?: { type?: string; rollingUpdate?: { partition?: number } }
    volumeClaimTemplates?: readonly { metadata?: { name?: string } }[]
  }
  status: WorkloadStatus & {
    currentReplicas?: number
    updatedReplicas?: number
    currentRevision?: string
    updateRevision?: string
  }
}

export const replicasOf = ({ spec }: { spec: WorkloadSpec }): number => spec.replicas ?? 1

/** Without the counts that are zero: Kubernetes leaves them out. */
export function withoutZeros<T extends object>(status: T): T {
  return Object.fromEntries(
    Object.entries(status).filter(([, value]) => value !== 0 && value !== undefined),
  ) as T
}
