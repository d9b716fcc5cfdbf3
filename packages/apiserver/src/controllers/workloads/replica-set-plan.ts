/** How many pods a ReplicaSet makes, and which ones it gives up. */
import { formatTime } from '../../rest/scalars.ts'
import {
  isActive,
  isAvailable,
  isReady,
  millisecondsUntilAvailable,
  type Pod,
  readyCondition,
} from '../pod.ts'
import {
  REPLICA_FAILURE,
  type ReplicaSet,
  replicasOf,
  type WorkloadCondition,
  withoutZeros,
} from './workload.ts'

/** Pods made or given up at a time: others have their turn in between. */
const BATCH = 50

export interface ReplicaSetPlan {
  readonly create: number
  readonly remove: readonly Pod[]
  readonly status: ReplicaSet['status']
  /** When a pod becomes available without anything else happening; at once if there is more to do. */
  readonly recheckMs: number | undefined
}

/** `pods` are those that the ReplicaSet controls. */
export function planReplicaSet(replicaSet: ReplicaSet, pods: readonly Pod[], now: Date): ReplicaSetPlan {
  const active = pods.filter(isActive)
  const wanted = replicaSet.metadata.deletionTimestamp === undefined ? replicasOf(replicaSet) : active.length
  const surplus = active.length - wanted
  const { minReadySeconds = 0 } = replicaSet.spec
  const waits = active
    .map(pod => millisecondsUntilAvailable(pod, minReadySeconds, now) ?? 0)
    .filter(ms => ms > 0)
  if (Math.abs(surplus) > BATCH) waits.push(0)
  return {
    create: Math.min(BATCH, Math.max(0, -surplus)),
    remove: surplus > 0 ? [...active].sort(byUse).slice(0, Math.min(BATCH, surplus)) : [],
    status: statusOf(replicaSet, active, now),
    recheckMs: waits.length > 0 ? Math.min(...waits) : undefined,
  }
}

function statusOf(replicaSet: ReplicaSet, active: readonly Pod[], now: Date): ReplicaSet['status'] {
  const { minReadySeconds = 0, template } = replicaSet.spec
  const labels = Object.entries(template.metadata?.labels ?? {})
  const count = (is: (pod: Pod) => boolean) => active.filter(is).length
  return {
    // The count is there even when it is zero.
    replicas: active.length,
    ...withoutZeros({
      fullyLabeledReplicas: count(pod =>
        labels.every(([key, value]) => pod.metadata.labels?.[key] === value),
      ),
      readyReplicas: count(isReady),
      availableReplicas: count(pod => isAvailable(pod, minReadySeconds, now)),
      observedGeneration: replicaSet.metadata.generation ?? 0,
    }),
    ...(replicaSet.status.conditions ? { conditions: replicaSet.status.conditions } : {}),
  }
}

/** Says in the status that pods cannot be made, and no longer says so when they can. */
export function withFailure(
  { conditions = [], ...status }: ReplicaSet['status'],
  failure: Error | undefined,
  now: Date,
): ReplicaSet['status'] {
  const before = conditions.find(({ type }) => type === REPLICA_FAILURE)
  const others = conditions.filter(condition => condition !== before)
  const stated: WorkloadCondition[] =
    failure === undefined
      ? []
      : [
          {
            type: REPLICA_FAILURE,
            status: 'True',
            lastTransitionTime: before?.lastTransitionTime ?? formatTime(now),
            reason: 'FailedCreate',
            message: failure.message,
          },
        ]
  const next = [...others, ...stated]
  return next.length > 0 ? { ...status, conditions: next } : status
}

const PHASES = ['Pending', 'Unknown', 'Running']
const DELETION_COST = 'controller.kubernetes.io/pod-deletion-cost'

/** Those that serve least go first: not on a node, not running, not ready, cheap to delete, ready or made last. */
function byUse(a: Pod, b: Pod): number {
  for (const rank of RANKS) {
    const difference = rank(a) - rank(b)
    if (difference !== 0) return difference
  }
  return a.metadata.name < b.metadata.name ? -1 : 1
}

const RANKS: readonly ((pod: Pod) => number)[] = [
  pod => (pod.spec.nodeName ? 1 : 0),
  pod => PHASES.indexOf(pod.status.phase ?? 'Pending'),
  pod => (isReady(pod) ? 1 : 0),
  pod => Number(pod.metadata.annotations?.[DELETION_COST] ?? 0) || 0,
  pod => -Date.parse(readyCondition(pod)?.lastTransitionTime ?? pod.metadata.creationTimestamp),
  pod => -Date.parse(pod.metadata.creationTimestamp),
]
