import { isDeepStrictEqual } from 'node:util'
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

/** Stores a spec under a name: creates, replaces, or does nothing. Annotations go along with a spec that changes. */
export async function storeSpec<T extends KubernetesObject & { spec: object }>(
  writes: Writes,
  type: ResourceType<T>,
  existing: T | undefined,
  wanted: T,
): Promise<T> {
  if (existing === undefined) return writes.create(type, wanted)
  if (isSame(existing.spec, wanted.spec)) return existing
  const { annotations } = wanted.metadata
  const metadata = { ...existing.metadata, ...(annotations === undefined ? {} : { annotations }) }
  return writes.update(type, { ...wanted, metadata })
}

/** Stored specs to wanted ones that they were found equal to. */
const equals = new WeakMap<object, object>()

/** Of 5,000 endpoints one changes at a time: what was compared once, and is the same object still, is not again. */
function isSame(stored: object, wanted: object): boolean {
  if (equals.get(stored) === wanted) return true
  const same = isDeepStrictEqual(stored, wanted)
  if (same) equals.set(stored, wanted)
  return same
}
