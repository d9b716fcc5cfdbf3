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
      const all = claim<ReplicaSet>(api, REPLICA_SETS, deployment).sort(oldestFirst)
      const found = all.find(replicaSet => hasTemplate(replicaSet, deployment.spec.template))
      const old = all.filter(replicaSet => replicaSet !== found)
      if (deployment.metadata.deletionTimestamp !== undefined) return writeStatus(deployment, found, old)
      if (deployment.spec.paused || isScaled(deployment, all)) {
        const scaled = scale(deployment, proportionalScale(deployment, all), all)
        return writeStatus(
          deployment,
          find(scaled, found),
          scaled.filter(({ metadata }) => metadata.uid !== found?.metadata.uid),
        )
      }
      const current = found ? updated(deployment, found, old) : created(deployment, old)
      if (current === undefined) return writeStatus(deployment, undefined, old)
      const [first = current, ...rest] = scale(deployment, nextStep(deployment, current, old), [
        current,
        ...old,
      ])
      const finished = writeStatus(deployment, first, rest)
      if (isComplete(deployment, deploymentStatus(deployment, first, rest, now())))
        forgetOldRevisions(deployment, rest)
      return finished
    },
  }

  function nextStep(deployment: Deployment, current: ReplicaSet, old: readonly ReplicaSet[]): Scale[] {
    if (deployment.spec.strategy?.type !== 'Recreate') return rollingUpdate(deployment, current, old)
    return recreate(
      deployment,
      current,
      old,
      sum(old, ({ status }) => status.replicas ?? 0),
    )
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
    const isBlocked =
      deployment.spec.strategy?.type === 'Recreate' && sum(old, ({ status }) => status.replicas ?? 0) > 0
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
    old: readonly ReplicaSet[],
  ): number | undefined {
    const status = deploymentStatus(deployment, current, old, now())
    const revision = current && String(revisionOf(current))
    const annotations = { ...deployment.metadata.annotations, ...(revision ? { [REVISION]: revision } : {}) }
    const next = { ...deployment, metadata: { ...deployment.metadata, annotations }, status }
    const isSame = isDeepStrictEqual(
      [status, annotations],
      [deployment.status, { ...deployment.metadata.annotations }],
    )
    const written = isSame ? deployment : (api.updateStatus(DEPLOYMENTS, next) as Deployment)
    const due = millisecondsUntilDeadline(written, now())
    return due === undefined || due === 0 ? undefined : due
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

const find = (all: readonly ReplicaSet[], one: ReplicaSet | undefined): ReplicaSet | undefined =>
  all.find(({ metadata }) => metadata.uid === one?.metadata.uid)

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
