import type { KubernetesObject, ResourceType } from '@isthmus/api'
import { isNotFound } from '@isthmus/kube'
import type { Writes } from './cached-writes.ts'

/** Deletes exactly the object that was seen. Gone already, or made anew meanwhile, is as good. */
export async function deleteSeen<T extends KubernetesObject>(
  writes: Writes,
  type: ResourceType<T>,
  { metadata: { name = '', namespace, uid } }: T,
): Promise<void> {
  try {
    await writes.delete(type, name, namespace, { uid })
  } catch (error) {
    if (!isNotFound(error)) throw error
  }
}

/** Stores a spec under a name: creates, replaces, or does nothing. */
export async function storeSpec<T extends KubernetesObject & { spec: unknown }>(
  writes: Writes,
  type: ResourceType<T>,
  existing: T | undefined,
  wanted: T,
  same: (a: T['spec'], b: T['spec']) => boolean,
): Promise<T> {
  if (existing === undefined) return writes.create(type, wanted)
  if (same(existing.spec, wanted.spec)) return existing
  return writes.update(type, { ...wanted, metadata: { ...existing.metadata } })
}
