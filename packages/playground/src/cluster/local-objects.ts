/** The seam between an embedded API server and what runs beside it in the same process. */
import type { KubernetesObject, ResourceType } from '@isthmus/api'
import { NODES, PODS } from '@isthmus/api'
import { type LocalApi, type LocalObject, StatusError } from '@isthmus/apiserver'
import type { PodApi } from '../kubelet/kubelet.ts'
import type { KubeletPod } from '../kubelet/pod.ts'
import type { PodStatus } from '../kubelet/pod-status.ts'
import type { SchedulableNode } from '../kubelet/scheduler.ts'

/** Tells of every object that is there and of every change, by `namespace/name`; answers how to end it. */
export function follow<T extends KubernetesObject>(
  api: LocalApi,
  type: ResourceType<T>,
  tell: (key: string, object: T | undefined) => void,
): () => void {
  return api.watch(type, ({ type: change, object }) => {
    const { namespace, name } = object.metadata
    const key = namespace === undefined ? name : `${namespace}/${name}`
    tell(key, change === 'DELETED' ? undefined : (object as unknown as T))
  })
}

export function listLocally<T extends KubernetesObject>(api: LocalApi, type: ResourceType<T>): readonly T[] {
  return api.list(type) as readonly unknown[] as readonly T[]
}

/** Creates what is not there yet. */
export function ensure(api: LocalApi, type: ResourceType, object: KubernetesObject): void {
  const { namespace, name = '' } = object.metadata
  if (api.get(type, namespace, name) === undefined) api.create(type, local(object))
}

/** What a kubelet writes. */
export class LocalPodApi implements PodApi {
  readonly #api: LocalApi

  constructor(api: LocalApi) {
    this.#api = api.as({ fieldManager: 'kubelet' })
  }

  nodes(): readonly SchedulableNode[] {
    return listLocally(this.#api, NODES)
  }

  bind(pod: KubeletPod, nodeName: string): void {
    this.#api.update(PODS, local({ ...pod, spec: { ...pod.spec, nodeName } }), 'binding')
  }

  updateStatus(pod: KubeletPod, status: PodStatus): KubeletPod {
    const updated = { ...pod, status: { ...status } }
    return this.#api.updateStatus(PODS, local(updated)) as unknown as KubeletPod
  }

  remove({ metadata: { namespace, name = '', uid = '' } }: KubeletPod): void {
    try {
      this.#api.delete(PODS, namespace, name, { gracePeriodSeconds: 0, preconditions: { uid } })
    } catch (error) {
      // Somebody else was quicker, perhaps with a new pod of the same name.
      if (!(error instanceof StatusError && (error.code === 404 || error.code === 409))) throw error
    }
  }
}

/** The API takes any object with metadata: an interface says less than it has. */
function local(object: object): LocalObject {
  return object as LocalObject
}
