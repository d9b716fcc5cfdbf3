/** Which ReplicaSet is which revision of a Deployment: `kubectl rollout history` and `undo` read it. */
import { isDeepStrictEqual } from 'node:util'
import type { PodTemplate } from '../pod.ts'
import { boundsOf } from './rollout.ts'
import { type Deployment, type ReplicaSet, replicasOf } from './workload.ts'

export const TEMPLATE_HASH_LABEL = 'pod-template-hash'
export const REVISION = 'deployment.kubernetes.io/revision'
const REVISION_HISTORY = 'deployment.kubernetes.io/revision-history'
const DESIRED = 'deployment.kubernetes.io/desired-replicas'
const MAX = 'deployment.kubernetes.io/max-replicas'

/** Annotations of a Deployment that say something of the Deployment itself. */
const OWN = [
  'kubectl.kubernetes.io/last-applied-configuration',
  'deprecated.deployment.rollback.to',
  REVISION,
  REVISION_HISTORY,
  DESIRED,
  MAX,
]

export const revisionOf = ({ metadata }: ReplicaSet): number =>
  Number(metadata.annotations?.[REVISION] ?? 0) || 0

/** Whether the ReplicaSet makes pods of this template; the hash that tells its pods apart does not count. */
export function hasTemplate(replicaSet: ReplicaSet, template: PodTemplate): boolean {
  return isDeepStrictEqual(withoutHash(replicaSet.spec.template), withoutHash(template))
}

function withoutHash({ metadata = {}, ...rest }: PodTemplate): PodTemplate {
  const { [TEMPLATE_HASH_LABEL]: _, ...labels } = metadata.labels ?? {}
  return { ...rest, metadata: { ...metadata, labels } }
}

/** A ReplicaSet that becomes the current one is the newest revision, and remembers the ones that it was. */
export function annotationsOf(
  deployment: Deployment,
  current: ReplicaSet | undefined,
  old: readonly ReplicaSet[],
): Record<string, string> {
  const before = current?.metadata.annotations ?? {}
  const latest = Math.max(0, ...old.map(revisionOf))
  const own = current ? revisionOf(current) : 0
  const history = before[REVISION_HISTORY] ? [before[REVISION_HISTORY]] : []
  if (own > 0 && own <= latest) history.push(String(own))
  const copied = Object.entries(deployment.metadata.annotations ?? {}).filter(([key]) => !OWN.includes(key))
  return {
    ...before,
    ...Object.fromEntries(copied),
    ...scaleAnnotations(deployment),
    [REVISION]: String(own > latest ? own : latest + 1),
    ...(history.length > 0 ? { [REVISION_HISTORY]: history.join(',') } : {}),
  }
}

export function scaleAnnotations(deployment: Deployment): Record<string, string> {
  const replicas = replicasOf(deployment)
  return { [DESIRED]: String(replicas), [MAX]: String(replicas + boundsOf(deployment).maxSurge) }
}

/** The Deployment has another number of replicas than when its ReplicaSets were scaled last. */
export function isScaled(deployment: Deployment, replicaSets: readonly ReplicaSet[]): boolean {
  return replicaSets.some(replicaSet => {
    const desired = replicaSet.metadata.annotations?.[DESIRED]
    return replicasOf(replicaSet) > 0 && desired !== undefined && Number(desired) !== replicasOf(deployment)
  })
}
