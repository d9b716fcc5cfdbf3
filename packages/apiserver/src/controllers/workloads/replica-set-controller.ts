import { isDeepStrictEqual } from 'node:util'
import type { StoredObject } from '../../registry/definition.ts'
import type { LocalApi } from '../../rest/local-api.ts'
import {
  type Controller,
  type ControllerContext,
  controllerReference,
  itsController,
  itself,
  splitKey,
} from '../controller.ts'
import { PODS, type Pod, type PodTemplate } from '../pod.ts'
import { planReplicaSet } from './replica-set-plan.ts'
import { podsOf, REPLICA_SETS, type ReplicaSet } from './workload.ts'

/** A longer name would leave no room for the end that makes it unique. */
const LONGEST_PREFIX = 58

/** Keeps the number of pods of each ReplicaSet. */
export function replicaSetController({ api, now }: ControllerContext): Controller {
  return {
    name: 'replicaset',
    watches: [
      { resource: REPLICA_SETS, keysOf: itself },
      { resource: PODS, keysOf: itsController('apps/v1', 'ReplicaSet') },
    ],

    reconcile(key) {
      const { namespace, name } = splitKey(key)
      const replicaSet = api.get(REPLICA_SETS, namespace, name) as ReplicaSet | undefined
      if (replicaSet === undefined) return undefined
      const { own, orphans } = podsOf(api, replicaSet)
      const isLeaving = replicaSet.metadata.deletionTimestamp !== undefined
      const adopted = isLeaving ? [] : orphans.map(pod => adopt(api, pod, replicaSet))
      const { create, remove, status, recheckMs } = planReplicaSet(replicaSet, [...own, ...adopted], now())
      for (let i = 0; i < create; i++) api.create(PODS, newPod(replicaSet, replicaSet.spec.template))
      for (const { metadata } of remove) {
        api.delete(PODS, namespace, metadata.name, { preconditions: { uid: metadata.uid } })
      }
      if (!isDeepStrictEqual(replicaSet.status, status)) {
        api.updateStatus(REPLICA_SETS, { ...replicaSet, status })
      }
      return recheckMs
    },
  }
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

/** Makes the owner the controller of a pod that has none. */
export function adopt(api: LocalApi, { metadata }: Pod, owner: StoredObject): Pod {
  const { uid, resourceVersion, namespace, name, ownerReferences = [] } = metadata
  const owners = [...ownerReferences, controllerReference(owner)]
  return api.patch(PODS, namespace, name, {
    metadata: { uid, resourceVersion, ownerReferences: owners },
  }) as Pod
}
