/** How the ReplicaSets of a Deployment are scaled, a step at a time, so that enough pods are there all the while. */
import { type Deployment, type ReplicaSet, replicasOf } from './workload.ts'

export interface Scale {
  readonly replicaSet: ReplicaSet
  readonly replicas: number
}

export interface Bounds {
  readonly maxSurge: number
  readonly maxUnavailable: number
}

/** Percentages of the replicas: of the surge rounded up, of what may be missing down. Both zero would be a standstill. */
export function boundsOf(deployment: Deployment): Bounds {
  const { strategy } = deployment.spec
  if (strategy?.type === 'Recreate') return { maxSurge: 0, maxUnavailable: 0 }
  const replicas = replicasOf(deployment)
  const maxSurge = absolute(strategy?.rollingUpdate?.maxSurge ?? '25%', replicas, Math.ceil)
  const maxUnavailable = absolute(strategy?.rollingUpdate?.maxUnavailable ?? '25%', replicas, Math.floor)
  return {
    maxSurge,
    maxUnavailable: Math.min(replicas, maxSurge + maxUnavailable === 0 ? 1 : maxUnavailable),
  }
}

function absolute(value: number | string, whole: number, round: (x: number) => number): number {
  return typeof value === 'number' ? value : round((Number.parseInt(value, 10) * whole) / 100)
}

/** How many replicas a new ReplicaSet starts or goes on with. */
export function newReplicas(deployment: Deployment, current: number, total: number): number {
  const wanted = replicasOf(deployment)
  if (deployment.spec.strategy?.type === 'Recreate') return wanted
  const room = wanted + boundsOf(deployment).maxSurge - total
  return room <= 0 ? current : current + Math.min(room, wanted - current)
}

/** The next step of a rolling update; nothing when it is done or has to wait for pods. `old` are all others. */
export function rollingUpdate(
  deployment: Deployment,
  current: ReplicaSet,
  old: readonly ReplicaSet[],
): Scale[] {
  const wanted = replicasOf(deployment)
  const has = replicasOf(current)
  const total = sum([current, ...old], replicasOf)
  const next = has > wanted ? wanted : newReplicas(deployment, has, total)
  return next === has ? shrinkOld(deployment, current, old) : [{ replicaSet: current, replicas: next }]
}

/** Old pods go as far as enough others are available; those that are not available go first. */
function shrinkOld(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[]): Scale[] {
  const minAvailable = replicasOf(deployment) - boundsOf(deployment).maxUnavailable
  const byAge = old.filter(replicaSet => replicasOf(replicaSet) > 0).sort(oldestFirst)
  const missing = replicasOf(current) - availableOf(current)
  let budget = sum([current, ...byAge], replicasOf) - minAvailable - missing
  if (budget <= 0) return []
  const left = new Map(byAge.map(replicaSet => [replicaSet, replicasOf(replicaSet)]))
  const shrink = (replicaSet: ReplicaSet, by: number) =>
    left.set(replicaSet, (left.get(replicaSet) ?? 0) - by)
  for (const replicaSet of byAge) {
    const unavailable = Math.min(budget, Math.max(0, replicasOf(replicaSet) - availableOf(replicaSet)))
    shrink(replicaSet, unavailable)
    budget -= unavailable
  }
  let spare = sum([current, ...byAge], availableOf) - minAvailable
  for (const replicaSet of byAge) {
    const available = Math.max(0, Math.min(spare, left.get(replicaSet) ?? 0))
    shrink(replicaSet, available)
    spare -= available
  }
  return [...left]
    .filter(([replicaSet, replicas]) => replicas !== replicasOf(replicaSet))
    .map(([replicaSet, replicas]) => ({ replicaSet, replicas }))
}

/** All old pods are gone before the first new one comes; `oldPods` are those that are still there. */
export function recreate(
  deployment: Deployment,
  current: ReplicaSet,
  old: readonly ReplicaSet[],
  oldPods: number,
): Scale[] {
  const running = old.filter(replicaSet => replicasOf(replicaSet) > 0)
  if (running.length > 0) return running.map(replicaSet => ({ replicaSet, replicas: 0 }))
  if (oldPods > 0 || replicasOf(current) === replicasOf(deployment)) return []
  return [{ replicaSet: current, replicas: replicasOf(deployment) }]
}

/**
 * The Deployment was scaled in the middle of a rollout: each ReplicaSet gets its share of the difference, and what
 * rounding leaves goes to the largest.
 */
export function proportionalScale(deployment: Deployment, replicaSets: readonly ReplicaSet[]): Scale[] {
  const active = replicaSets.filter(replicaSet => replicasOf(replicaSet) > 0)
  const wanted = replicasOf(deployment)
  const [only] = active.length === 0 ? replicaSets.toSorted(oldestFirst).slice(-1) : active
  if (active.length <= 1)
    return only && replicasOf(only) !== wanted ? [{ replicaSet: only, replicas: wanted }] : []
  const isRolling = deployment.spec.strategy?.type !== 'Recreate'
  const allowed = wanted > 0 && isRolling ? wanted + boundsOf(deployment).maxSurge : wanted
  const total = sum(active, replicasOf)
  const bySize = active.toSorted((a, b) => replicasOf(b) - replicasOf(a) || oldestFirst(b, a))
  let left = allowed - total
  const scales = bySize.map(replicaSet => {
    const share = Math.round((replicasOf(replicaSet) * (allowed - total)) / total)
    const change = left > 0 ? Math.min(share, left) : Math.max(share, left)
    left -= change
    return { replicaSet, replicas: replicasOf(replicaSet) + change }
  })
  return scales
    .map(({ replicaSet, replicas }, i) => ({
      replicaSet,
      replicas: Math.max(0, i === 0 ? replicas + left : replicas),
    }))
    .filter(({ replicaSet, replicas }) => replicas !== replicasOf(replicaSet))
}

export const oldestFirst = (a: ReplicaSet, b: ReplicaSet): number =>
  Date.parse(a.metadata.creationTimestamp) - Date.parse(b.metadata.creationTimestamp) ||
  (a.metadata.name < b.metadata.name ? -1 : 1)

const availableOf = ({ status }: ReplicaSet): number => status.availableReplicas ?? 0

export const sum = <T>(items: readonly T[], of: (item: T) => number): number =>
  items.reduce((total, item) => total + of(item), 0)
