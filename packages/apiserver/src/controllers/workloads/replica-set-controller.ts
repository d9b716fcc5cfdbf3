import { isDeepStrictEqual } from 'node:util'
import type { StoredObject } from '../../registry/definition.ts'
import {
  type Controller,
  type ControllerContext,
  controllerReference,
  itself,
  splitKey,
} from '../controller.ts'
import { PODS, type Pod, type PodTemplate } from '../pod.ts'
import { claim, itsClaimants } from './claim.ts'
import { planReplicaSet, withFailure } from './replica-set-plan.ts'
import { REPLICA_SETS, type ReplicaSet } from './workload.ts'

/** A longer name would leave no room for the end that makes it unique. */
const LONGEST_PREFIX = 58

/** Keeps the number of pods of each ReplicaSet. */
export function replicaSetController({ api, now }: ControllerContext): Controller {
  return {
    name: 'replicaset',
    watches: [
      { resource: REPLICA_SETS, keysOf: itself },
      { resource: PODS, keysOf: itsClaimants(api, REPLICA_SETS, 'apps/v1', 'ReplicaSet') },
    ],

    reconcile(key) {
      const { namespace, name } = splitKey(key)
      const replicaSet = api.get(REPLICA_SETS, namespace, name) as ReplicaSet | undefined
      if (replicaSet === undefined) return undefined
      const pods = claim<Pod>(api, PODS, replicaSet)
      const { create, remove, status, recheckMs } = planReplicaSet(replicaSet, pods, now())
      const failure = tryTo(() => {
        for (let i = 0; i < create; i++) api.create(PODS, newPod(replicaSet, replicaSet.spec.template))
      })
      for (const { metadata } of remove) {
        api.delete(PODS, namespace, metadata.name, { preconditions: { uid: metadata.uid } })
      }
      const next = withFailure(status, failure, now())
      if (!isDeepStrictEqual(replicaSet.status, next))
        api.updateStatus(REPLICA_SETS, { ...replicaSet, status: next })
      if (failure !== undefined) throw failure
      return recheckMs
    },
  }
}

/** What went wrong, if anything did. */
function tryTo(act: () => void): Error | undefined {
  try {
    act()
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error))
  }
  return undefined
}

/** A pod of the template, with its owner, under a name of the server's choice. */
export function newPod(owner: StoredObject, { metadata = {}, spec }: PodTemplate) {
  const { name, namespace = '' } = owner.metadata
  const { labels, annotations, finalizers } = metadata
  return {
    metadata: {
      generateName: `${name.slice(0, LONGEST_PREFIX - 1)}-`,
      namespace,
      ...(labels ? { labels } : {}),
      ...(annotations ? { annotations } : {}),
      ...(finalizers ? { finalizers } : {}),
      ownerReferences: [controllerReference(owner)],
    },
    spec,
  }
}
