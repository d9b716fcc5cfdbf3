/** Deployments, ReplicaSets and StatefulSets as their controllers see them. */
import type { StoredObject } from '../../registry/definition.ts'
import type { LocalApi } from '../../rest/local-api.ts'
import { type LabelSelector, matchesLabelSelector } from '../../selectors/label-selector.ts'
import { controllerOf, isControlledBy } from '../controller.ts'
import { PODS, type Pod, type PodTemplate } from '../pod.ts'

export const DEPLOYMENTS = { group: 'apps', plural: 'deployments' } as const
export const REPLICA_SETS = { group: 'apps', plural: 'replicasets' } as const
export const STATEFUL_SETS = { group: 'apps', plural: 'statefulsets' } as const

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
  }
  status: WorkloadStatus & {
    currentReplicas?: number
    updatedReplicas?: number
    currentRevision?: string
    updateRevision?: string
  }
}

export const replicasOf = ({ spec }: { spec: WorkloadSpec }): number => spec.replicas ?? 1

/** Pods that the owner controls, and those without a controller that it selects: it takes them over. */
export function podsOf(
  api: LocalApi,
  owner: StoredObject & { spec: WorkloadSpec },
): { own: Pod[]; orphans: Pod[] } {
  const pods = api.list(PODS, owner.metadata.namespace) as readonly Pod[]
  return {
    own: pods.filter(pod => isControlledBy(pod, owner)),
    orphans: pods.filter(
      pod =>
        controllerOf(pod) === undefined &&
        pod.metadata.deletionTimestamp === undefined &&
        matchesLabelSelector(owner.spec.selector, pod.metadata.labels),
    ),
  }
}

/** Without the counts that are zero: Kubernetes leaves them out. */
export function withoutZeros<T extends object>(status: T): T {
  return Object.fromEntries(
    Object.entries(status).filter(([, value]) => value !== 0 && value !== undefined),
  ) as T
}
