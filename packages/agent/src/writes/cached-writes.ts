import type { KubernetesObject, ResourceType } from '@isthmus/api'
import { type ClusterClient, objectKey, type Store } from '@isthmus/kube'

export type Writes = Pick<ClusterClient, 'create' | 'update' | 'updateStatus' | 'delete'>

export interface Cache<T extends KubernetesObject> {
  readonly store: Store<T>
  readonly trim: (object: T) => T
  /** The version up to which the watch has told everything; undefined before the first list. */
  readonly reached: () => string | undefined
}

/**
 * A client whose writes are in the caches at once, not only when the watch tells of them: a reconcile that
 * follows at its heels would otherwise compute from what was, and be refused as a conflict.
 */
export function cachedWrites(
  client: Writes,
  cacheOf: (plural: string) => Cache<KubernetesObject> | undefined,
): Writes {
  const keep = <T extends KubernetesObject>(type: ResourceType<T>, written: T): T => {
    const cache = cacheOf(type.plural)
    if (cache === undefined) return written
    const { resourceVersion } = written.metadata
    // The watch may have been quicker, and have told of still later writes, or of the object's end.
    const stored = cache.store.get(objectKey(written))?.metadata.resourceVersion
    const isNews = isHigher(resourceVersion, cache.reached()) && isHigher(resourceVersion, stored)
    if (isNews) cache.store.set(cache.trim(written))
    return written
  }
  return {
    create: async (type, object, options) => keep(type, await client.create(type, object, options)),
    update: async (type, object, options) => keep(type, await client.update(type, object, options)),
    updateStatus: async (type, object, options) =>
      keep(type, await client.updateStatus(type, object, options)),
    delete: async (type, name, namespace, options) => {
      await client.delete(type, name, namespace, options)
      const store = cacheOf(type.plural)?.store
      const key = namespace === undefined ? name : `${namespace}/${name}`
      const { uid, finalizers = [] } = store?.get(key)?.metadata ?? {}
      // With a finalizer it stays for a while; and by now the name may be another object's.
      if (uid !== undefined && uid === options?.uid && finalizers.length === 0) store?.delete(key)
    },
  }
}

/** Versions of one API server are numbers that grow. */
function isHigher(version: string | undefined, other: string | undefined): boolean {
  return other === undefined || Number(version) > Number(other)
}
