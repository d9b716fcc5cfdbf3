/** Which pods of a StatefulSet are made and given up, in the order that it promises. */
import { isAvailable, isReady, isTerminal, isTerminating, type Pod } from '../pod.ts'
import { replicasOf, type StatefulSet, withoutZeros } from './workload.ts'

export const REVISION_LABEL = 'controller-revision-hash'

export interface StatefulSetPlan {
  /** Ordinals of pods to make. */
  readonly create: readonly number[]
  readonly remove: readonly Pod[]
}

/** `pods` are those that the StatefulSet controls, `revision` that of its present template. */
export function planStatefulSet(
  set: StatefulSet,
  pods: readonly Pod[],
  revision: string,
  now: Date,
): StatefulSetPlan {
  if (isTerminating(set)) return { create: [], remove: [] }
  const byOrdinal = new Map(pods.map(pod => [ordinalOf(set, pod), pod]))
  const wanted = ordinals(set)
  const isOrdered = set.spec.podManagementPolicy !== 'Parallel'
  const isHealthy = (pod: Pod | undefined) =>
    pod !== undefined && !isTerminating(pod) && isAvailable(pod, set.spec.minReadySeconds ?? 0, now)
  const plan = { create: [] as number[], remove: [] as Pod[] }

  for (const ordinal of wanted) {
    const pod = byOrdinal.get(ordinal)
    if (pod === undefined) plan.create.push(ordinal)
    else if (isTerminal(pod) && !isTerminating(pod)) plan.remove.push(pod)
    // The next one comes when this one serves.
    if (isOrdered && !isHealthy(pod)) return plan
  }
  const surplus = pods
    .filter(pod => !wanted.includes(ordinalOf(set, pod)))
    .sort((a, b) => ordinalOf(set, b) - ordinalOf(set, a))
  plan.remove.push(...(isOrdered ? surplus.slice(0, 1) : surplus).filter(pod => !isTerminating(pod)))
  if (surplus.length > 0 || plan.create.length > 0) return plan
  plan.remove.push(...outdated(set, wanted, byOrdinal, revision, isHealthy))
  return plan
}

/** The last pod of an old template, if those after it are well: it comes back with the new one. */
function outdated(
  set: StatefulSet,
  wanted: readonly number[],
  pods: ReadonlyMap<number, Pod>,
  revision: string,
  isHealthy: (pod: Pod | undefined) => boolean,
): Pod[] {
  if (set.spec.updateStrategy?.type === 'OnDelete') return []
  const partition = set.spec.updateStrategy?.rollingUpdate?.partition ?? 0
  for (const ordinal of wanted.toReversed().filter(ordinal => ordinal >= partition)) {
    const pod = pods.get(ordinal)
    if (pod && pod.metadata.labels?.[REVISION_LABEL] !== revision) return isTerminating(pod) ? [] : [pod]
    if (!isHealthy(pod)) return []
  }
  return []
}

export function statefulSetStatus(
  set: StatefulSet,
  pods: readonly Pod[],
  revision: string,
  now: Date,
): StatefulSet['status'] {
  const { minReadySeconds = 0 } = set.spec
  const count = (is: (pod: Pod) => boolean) => pods.filter(pod => !isTerminating(pod) && is(pod)).length
  const before = set.status.currentRevision ?? revision
  const updated = count(pod => pod.metadata.labels?.[REVISION_LABEL] === revision)
  const isDone = updated === replicasOf(set) && updated === pods.length && count(isReady) === updated
  const currentRevision = isDone ? revision : before
  return {
    replicas: pods.length,
    availableReplicas: count(pod => isAvailable(pod, minReadySeconds, now)),
    ...withoutZeros({
      readyReplicas: count(isReady),
      currentReplicas: count(pod => pod.metadata.labels?.[REVISION_LABEL] === currentRevision),
      updatedReplicas: updated,
      observedGeneration: set.metadata.generation ?? 0,
    }),
    currentRevision,
    updateRevision: revision,
    ...(set.status.conditions ? { conditions: set.status.conditions } : {}),
  }
}

function ordinals(set: StatefulSet): number[] {
  const start = set.spec.ordinals?.start ?? 0
  return Array.from({ length: replicasOf(set) }, (_, i) => start + i)
}

/** The number at the end of the pod's name; -1 if it has another name. */
export function ordinalOf({ metadata }: StatefulSet, pod: Pod): number {
  const prefix = `${metadata.name}-`
  const end = pod.metadata.name.slice(prefix.length)
  return pod.metadata.name.startsWith(prefix) && /^\d+$/.test(end) ? Number(end) : -1
}
