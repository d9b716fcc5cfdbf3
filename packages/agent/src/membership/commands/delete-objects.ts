import { type KubernetesObject, LABEL_MANAGED_BY, MANAGER, type ResourceType } from '@isthmus/api'
import { type ClusterClient, isConflict, isKindMissing, isNotFound, type ListOptions } from '@isthmus/kube'

/** @returns whether it was there */
export async function deleteIfThere(
  client: ClusterClient,
  type: ResourceType,
  name: string,
  namespace: string | undefined,
  signal: AbortSignal | undefined,
): Promise<boolean> {
  try {
    await client.delete(type, name, namespace, { signal })
    return true
  } catch (error) {
    if (isNotFound(error)) return false
    throw error
  }
}

/** Deletes what was read, and nothing that has been made under its name since. */
export async function deleteAll(
  client: ClusterClient,
  type: ResourceType,
  objects: readonly KubernetesObject[],
  signal: AbortSignal | undefined,
): Promise<number> {
  for (const { metadata } of objects) {
    try {
      await client.delete(type, metadata.name ?? '', metadata.namespace, { uid: metadata.uid, signal })
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error
    }
  }
  return objects.length
}

/** Nothing where the kind itself is not served. */
export async function listIfServed<T extends KubernetesObject>(
  client: ClusterClient,
  type: ResourceType<T>,
  options: ListOptions,
): Promise<readonly T[]> {
  try {
    return (await client.list(type, options)).items
  } catch (error) {
    if (isKindMissing(error) || isNotFound(error)) return []
    throw error
  }
}

/** By the label that Isthmus gives, or by who wrote it, where an earlier version gave none. */
export function isMadeByIsthmus({ metadata }: KubernetesObject): boolean {
  return (
    metadata.labels?.[LABEL_MANAGED_BY] === MANAGER ||
    ((metadata.managedFields ?? []) as { manager?: string }[]).some(({ manager }) => manager === MANAGER)
  )
}
