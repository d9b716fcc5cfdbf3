/** What a Deployment says of itself: kubectl rollout status and kubectl wait read it. */
import { formatTime } from '../../rest/scalars.ts'
import { boundsOf, sum } from './rollout.ts'
import {
  type Deployment,
  REPLICA_FAILURE,
  type ReplicaSet,
  replicasOf,
  type WorkloadCondition,
  withoutZeros,
} from './workload.ts'

type Status = Deployment['status']

/** Reason of Progressing when a rollout is over. */
const DONE = 'NewReplicaSetAvailable'

/** `current` is the ReplicaSet of the present template. */
export function deploymentStatus(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
  now: Date,
): Status {
  const all = current ? [current, ...old] : old
  const count = (of: (status: ReplicaSet['status']) => number | undefined) =>
    sum(all, ({ status }) => of(status) ?? 0)
  const available = count(status => status.availableReplicas)
  const status: Status = withoutZeros({
    observedGeneration: deployment.metadata.generation ?? 0,
    replicas: count(({ replicas }) => replicas),
    updatedReplicas: current?.status.replicas ?? 0,
    readyReplicas: count(({ readyReplicas }) => readyReplicas),
    availableReplicas: available,
    unavailableReplicas: Math.max(0, sum(all, replicasOf) - available),
    collisionCount: deployment.status.collisionCount ?? 0,
  })
  const conditions = new Conditions(deployment.status.conditions ?? [], now)
  conditions.set(availability(deployment, available))
  const progress = progression(deployment, status, current, now)
  if (progress) conditions.set(progress)
  conditions.replace(
    REPLICA_FAILURE,
    all.flatMap(({ status }) => status.conditions ?? []),
  )
  return { ...status, conditions: conditions.list }
}

type Stated = Pick<WorkloadCondition, 'type' | 'status' | 'reason' | 'message'>

function availability(deployment: Deployment, available: number): Stated {
  return available >= replicasOf(deployment) - boundsOf(deployment).maxUnavailable
    ? {
        type: 'Available',
        status: 'True',
        reason: 'MinimumReplicasAvailable',
        message: 'Deployment has minimum availability.',
      }
    : {
        type: 'Available',
        status: 'False',
        reason: 'MinimumReplicasUnavailable',
        message: 'Deployment does not have minimum availability.',
      }
}

/** undefined: as it was. A rollout that is done stays done, whatever becomes of its pods. */
function progression(
  deployment: Deployment,
  status: Status,
  current: ReplicaSet | undefined,
  now: Date,
): Stated | undefined {
  const before = progressCondition(deployment)?.reason
  const name = current?.metadata.name
  const subject = name === undefined ? `Deployment "${deployment.metadata.name}"` : `ReplicaSet "${name}"`
  const stated = (status: WorkloadCondition['status'], reason: string, message: string): Stated => ({
    type: 'Progressing',
    status,
    reason,
    message,
  })
  if (deployment.spec.paused) return stated('Unknown', 'DeploymentPaused', 'Deployment is paused')
  if (before === 'DeploymentPaused') return stated('Unknown', 'DeploymentResumed', 'Deployment is resumed')
  if (before === DONE && status.replicas === status.updatedReplicas) return undefined
  if (isComplete(deployment, status)) return stated('True', DONE, `${subject} has successfully progressed.`)
  if (name !== undefined && (before === undefined || before === DONE)) {
    return stated('True', 'NewReplicaSetCreated', `Created new replica set "${name}"`)
  }
  if (hasProgressed(deployment.status, status))
    return stated('True', 'ReplicaSetUpdated', `${subject} is progressing.`)
  const isLate = millisecondsUntilDeadline(deployment, now) === 0
  return isLate
    ? stated('False', 'ProgressDeadlineExceeded', `${subject} has timed out progressing.`)
    : undefined
}

/** undefined if nobody waits for a rollout. */
export function millisecondsUntilDeadline(deployment: Deployment, now: Date): number | undefined {
  const condition = progressCondition(deployment)
  const { progressDeadlineSeconds: seconds = 600, paused } = deployment.spec
  if (paused || condition?.lastUpdateTime === undefined || condition.reason === 'NewReplicaSetAvailable')
    return undefined
  return Math.max(0, Date.parse(condition.lastUpdateTime) + 1000 * seconds - now.getTime())
}

const progressCondition = ({ status }: Deployment): WorkloadCondition | undefined =>
  status.conditions?.find(({ type }) => type === 'Progressing')

export function isComplete(deployment: Deployment, status: Status): boolean {
  const wanted = replicasOf(deployment)
  return [status.updatedReplicas, status.replicas, status.availableReplicas].every(
    (count = 0) => count === wanted,
  )
}

function hasProgressed(before: Status, after: Status): boolean {
  const old = ({ replicas = 0, updatedReplicas = 0 }: Status) => replicas - updatedReplicas
  return (
    (after.updatedReplicas ?? 0) > (before.updatedReplicas ?? 0) ||
    old(after) < old(before) ||
    (after.readyReplicas ?? 0) > (before.readyReplicas ?? 0) ||
    (after.availableReplicas ?? 0) > (before.availableReplicas ?? 0)
  )
}

/** Conditions by type; one that says the same keeps its times, one of the same status its transition. */
class Conditions {
  readonly list: WorkloadCondition[]
  readonly #now: string

  constructor(before: readonly WorkloadCondition[], now: Date) {
    this.list = [...before]
    this.#now = formatTime(now)
  }

  set({ type, status, reason, message }: Stated): void {
    const i = this.list.findIndex(condition => condition.type === type)
    const before = this.list[i]
    const isSame = before?.status === status && before.reason === reason
    if (isSame && reason !== 'ReplicaSetUpdated') return
    const condition: WorkloadCondition = {
      type,
      status,
      lastUpdateTime: this.#now,
      lastTransitionTime: (before?.status === status && before.lastTransitionTime) || this.#now,
      ...(reason ? { reason } : {}),
      ...(message ? { message } : {}),
    }
    if (i < 0) this.list.push(condition)
    else this.list[i] = condition
  }

  /** The first condition of this type, as it is, or none. */
  replace(type: string, conditions: readonly WorkloadCondition[]): void {
    const i = this.list.findIndex(condition => condition.type === type)
    if (i >= 0) this.list.splice(i, 1)
    const found = conditions.find(condition => condition.type === type)
    if (found) this.list.push(found)
  }
}
