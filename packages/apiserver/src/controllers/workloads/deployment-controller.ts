import { isDeepStrictEqual } from 'node:util'
import type { LocalApi } from '../../rest/local-api.ts'
import {
  type Controller,
  type ControllerContext,
  controllerReference,
  itself,
  splitKey,
} from '../controller.ts'
import { claim, itsClaimants } from './claim.ts'
import { deploymentStatus, isComplete, millisecondsUntilDeadline } from './deployment-status.ts'
import {
  annotationsOf,
  hasTemplate,
  isScaled,
  REVISION,
  revisionOf,
  scaleAnnotations,
  TEMPLATE_HASH_LABEL,
} from './revision.ts'
import {
  newReplicas,
  oldestFirst,
  proportionalScale,
  recreate,
  rollingUpdate,
  type Scale,
  sum,
} from './rollout.ts'
import { templateHash } from './template-hash.ts'
import { DEPLOYMENTS, type Deployment, REPLICA_SETS, type ReplicaSet, replicasOf } from './workload.ts'

/** The ReplicaSet of the present template, and those of earlier ones. */
interface Sets {
  readonly current: ReplicaSet | undefined
  readonly old: readonly ReplicaSet[]
}

/** Rolls out Deployments through ReplicaSets, one of each template that it had. */
export function deploymentController({ api, now }: ControllerContext): Controller {
  return {
    name: 'deployment',
    watches: [
      { resource: DEPLOYMENTS, keysOf: itself },
      { resource: REPLICA_SETS, keysOf: itsClaimants(api, DEPLOYMENTS, 'apps/v1', 'Deployment') },
    ],

    reconcile(key) {
      const { namespace, name } = splitKey(key)
      const deployment = api.get(DEPLOYMENTS, namespace, name) as Deployment | undefined
      if (deployment === undefined) return undefined
      const found = claim<ReplicaSet>(api, REPLICA_SETS, deployment).sort(oldestFirst)
      const sets = step(deployment, split(deployment, found))
      const status = deploymentStatus(deployment, sets.current, sets.old, now())
      if (isComplete(deployment, status)) forgetOldRevisions(deployment, sets.old)
      return writeStatus(deployment, sets.current, status)
    },
  }

  /** Does what is to be done now, and answers the ReplicaSets as they are then. */
  function step(deployment: Deployment, sets: Sets): Sets {
    if (deployment.metadata.deletionTimestamp !== undefined) return sets
    const all = sets.current ? [sets.current, ...sets.old] : sets.old
    if (deployment.spec.paused || isScaled(deployment, all)) {
      return split(deployment, scale(deployment, proportionalScale(deployment, all), all))
    }
    const current = sets.current ? updated(deployment, sets.current, sets.old) : created(deployment, sets.old)
    if (current === undefined) return sets
    const scales =
      deployment.spec.strategy?.type === 'Recreate'
        ? recreate(deployment, current, sets.old, podsOf(sets.old))
        : rollingUpdate(deployment, current, sets.old)
    return split(deployment, scale(deployment, scales, [current, ...sets.old]))
  }

  function updated(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[]): ReplicaSet {
    const annotations = annotationsOf(deployment, current, old)
    const { minReadySeconds = 0 } = deployment.spec
    const isSame = isDeepStrictEqual(annotations, { ...current.metadata.annotations })
    if (isSame && minReadySeconds === (current.spec.minReadySeconds ?? 0)) return current
    const metadata = { ...current.metadata, annotations }
    return api.update(REPLICA_SETS, {
      ...current,
      metadata,
      spec: { ...current.spec, minReadySeconds },
    }) as ReplicaSet
  }

  /** undefined if the name is taken by another ReplicaSet: the next try has another one. */
  function created(deployment: Deployment, old: readonly ReplicaSet[]): ReplicaSet | undefined {
    const { namespace, name } = deployment.metadata
    const { template, selector, minReadySeconds } = deployment.spec
    const hash = templateHash(template, deployment.status.collisionCount)
    if (api.get(REPLICA_SETS, namespace, `${name}-${hash}`) !== undefined) {
      countCollision(api, deployment)
      return undefined
    }
    const labels = { ...template.metadata?.labels, [TEMPLATE_HASH_LABEL]: hash }
    const isBlocked = deployment.spec.strategy?.type === 'Recreate' && podsOf(old) > 0
    return api.create(REPLICA_SETS, {
      metadata: {
        name: `${name}-${hash}`,
        namespace: namespace ?? '',
        labels,
        annotations: annotationsOf(deployment, undefined, old),
        ownerReferences: [controllerReference(deployment)],
      },
      spec: {
        replicas: isBlocked ? 0 : newReplicas(deployment, 0, sum(old, replicasOf)),
        selector: { ...selector, matchLabels: { ...selector.matchLabels, [TEMPLATE_HASH_LABEL]: hash } },
        template: { ...template, metadata: { ...template.metadata, labels } },
        ...(minReadySeconds === undefined ? {} : { minReadySeconds }),
      },
    }) as ReplicaSet
  }

  /** Answers all ReplicaSets, those that were scaled as they are now. */
  function scale(deployment: Deployment, scales: readonly Scale[], all: readonly ReplicaSet[]): ReplicaSet[] {
    const wanted = new Map(scales.map(({ replicaSet, replicas }) => [replicaSet, replicas]))
    return all.map(replicaSet => {
      const replicas = wanted.get(replicaSet) ?? replicasOf(replicaSet)
      const annotations = { ...replicaSet.metadata.annotations, ...scaleAnnotations(deployment) }
      const isSame = isDeepStrictEqual(annotations, { ...replicaSet.metadata.annotations })
      if (isSame && replicas === replicasOf(replicaSet)) return replicaSet
      const metadata = { ...replicaSet.metadata, annotations }
      return api.update(REPLICA_SETS, {
        ...replicaSet,
        metadata,
        spec: { ...replicaSet.spec, replicas },
      }) as ReplicaSet
    })
  }

  /** Answers when to look again: a rollout that stands still is late some time. */
  function writeStatus(
    deployment: Deployment,
    current: ReplicaSet | undefined,
    status: Deployment['status'],
  ): number | undefined {
    const before = { ...deployment.metadata.annotations }
    const annotations = current ? { ...before, [REVISION]: String(revisionOf(current)) } : before
    const isSame = isDeepStrictEqual([status, annotations], [deployment.status, before])
    const next = { ...deployment, metadata: { ...deployment.metadata, annotations }, status }
    const written = isSame ? deployment : (api.updateStatus(DEPLOYMENTS, next) as Deployment)
    return millisecondsUntilDeadline(written, now()) || undefined
  }

  function forgetOldRevisions(deployment: Deployment, old: readonly ReplicaSet[]): void {
    const { revisionHistoryLimit = 10 } = deployment.spec
    const idle = old.filter(({ spec, status }) => (spec.replicas ?? 1) === 0 && (status.replicas ?? 0) === 0)
    const byRevision = idle.toSorted((a, b) => revisionOf(a) - revisionOf(b))
    for (const { metadata } of byRevision.slice(0, Math.max(0, idle.length - revisionHistoryLimit))) {
      const { namespace, name, uid } = metadata
      api.delete(REPLICA_SETS, namespace, name, { propagationPolicy: 'Background', preconditions: { uid } })
    }
  }
}

/** Of several ReplicaSets with the present template the oldest counts. */
function split({ spec }: Deployment, all: readonly ReplicaSet[]): Sets {
  const current = all.find(replicaSet => hasTemplate(replicaSet, spec.template))
  return { current, old: all.filter(replicaSet => replicaSet !== current) }
}

const podsOf = (replicaSets: readonly ReplicaSet[]): number =>
  sum(replicaSets, ({ status }) => status.replicas ?? 0)

function countCollision(api: LocalApi, { metadata, status }: Deployment): void {
  const collisionCount = (status.collisionCount ?? 0) + 1
  api.patch(
    DEPLOYMENTS,
    metadata.namespace,
    metadata.name,
    { status: { collisionCount } },
    { subresource: 'status' },
  )
}
