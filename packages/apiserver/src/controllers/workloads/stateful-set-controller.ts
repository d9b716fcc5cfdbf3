import { isDeepStrictEqual } from 'node:util'
import { type Controller, type ControllerContext, itself, splitKey } from '../controller.ts'
import { PODS, type Pod } from '../pod.ts'
import { claim, itsClaimants } from './claim.ts'
import { newPod } from './replica-set-controller.ts'
import { ordinalOf, planStatefulSet, REVISION_LABEL, statefulSetStatus } from './stateful-set-plan.ts'
import { templateHash } from './template-hash.ts'
import { STATEFUL_SETS, type StatefulSet } from './workload.ts'

/**
 * Keeps the pods of each StatefulSet: with names, and host names, that stay. Volume claims and the templates of
 * earlier revisions are not kept: there is nothing here to mount, and a pod that is made again has the present one.
 */
export function statefulSetController({ api, now }: ControllerContext): Controller {
  return {
    name: 'statefulset',
    watches: [
      { resource: STATEFUL_SETS, keysOf: itself },
      { resource: PODS, keysOf: itsClaimants(api, STATEFUL_SETS, 'apps/v1', 'StatefulSet') },
    ],

    reconcile(key) {
      const { namespace, name } = splitKey(key)
      const set = api.get(STATEFUL_SETS, namespace, name) as StatefulSet | undefined
      if (set === undefined) return undefined
      const pods = claim<Pod>(api, PODS, set, pod => ordinalOf(set, pod) >= 0)
      const revision = `${name}-${templateHash(set.spec.template)}`
      const { create, remove } = planStatefulSet(set, pods, revision, now())
      for (const ordinal of create) api.create(PODS, newMember(set, ordinal, revision))
      for (const { metadata } of remove) {
        api.delete(PODS, namespace, metadata.name, { preconditions: { uid: metadata.uid } })
      }
      const status = statefulSetStatus(set, pods, revision, now())
      if (!isDeepStrictEqual(set.status, status)) {
        api.updateStatus(STATEFUL_SETS, { ...set, status })
      }
      return undefined
    },
  }
}

function newMember(set: StatefulSet, ordinal: number, revision: string) {
  const { metadata, spec } = newPod(set, set.spec.template)
  const { generateName: _, ...meta } = metadata
  const name = `${set.metadata.name}-${ordinal}`
  const labels = {
    ...meta.labels,
    'statefulset.kubernetes.io/pod-name': name,
    'apps.kubernetes.io/pod-index': String(ordinal),
    [REVISION_LABEL]: revision,
  }
  const { serviceName, volumeClaimTemplates = [] } = set.spec
  // The claims are not made: pods refer to them as they would.
  const claims = volumeClaimTemplates.map(({ metadata: { name: claim = '' } = {} }) => ({
    name: claim,
    persistentVolumeClaim: { claimName: `${claim}-${name}` },
  }))
  const volumes = [...((spec as { volumes?: object[] } | undefined)?.volumes ?? []), ...claims]
  return {
    metadata: { ...meta, name, labels },
    spec: {
      ...spec,
      hostname: name,
      ...(serviceName && { subdomain: serviceName }),
      ...(volumes.length > 0 && { volumes }),
    },
  }
}
