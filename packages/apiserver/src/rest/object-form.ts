/** The one form in which objects are stored and sent: kind and apiVersion first, metadata in Kubernetes' order. */
import type { ResourceDefinition, StoredMeta, StoredObject } from '../registry/definition.ts'
import { apiVersionOf } from './environment.ts'

/**
 * A new object of the definition's kind with this metadata and the other fields of `body`.
 * Fields of metadata that are empty are left out; resourceVersion is a place holder until storage sets it.
 */
export function formObject(
  definition: ResourceDefinition,
  metadata: Partial<StoredMeta> & { name: string },
  body: Readonly<Record<string, unknown>>,
): StoredObject {
  const { kind: _, apiVersion: __, metadata: ___, ...rest } = body
  return {
    kind: definition.kind,
    apiVersion: apiVersionOf(definition),
    metadata: formMeta(metadata),
    ...rest,
  }
}

export function formMeta(meta: Partial<StoredMeta> & { name: string }): StoredMeta {
  const result: StoredMeta = {
    name: meta.name,
    ...(meta.generateName ? { generateName: meta.generateName } : {}),
    ...(meta.namespace ? { namespace: meta.namespace } : {}),
    uid: meta.uid ?? '',
    resourceVersion: meta.resourceVersion ?? '',
    ...(meta.generation ? { generation: meta.generation } : {}),
    creationTimestamp: meta.creationTimestamp ?? '',
  }
  if (meta.deletionTimestamp !== undefined) result.deletionTimestamp = meta.deletionTimestamp
  if (meta.deletionGracePeriodSeconds !== undefined) {
    result.deletionGracePeriodSeconds = meta.deletionGracePeriodSeconds
  }
  if (hasEntries(meta.labels)) result.labels = meta.labels
  if (hasEntries(meta.annotations)) result.annotations = meta.annotations
  if (meta.ownerReferences?.length) result.ownerReferences = meta.ownerReferences
  if (meta.finalizers?.length) result.finalizers = meta.finalizers
  if (meta.managedFields?.length) result.managedFields = meta.managedFields
  return result
}

const hasEntries = <T extends object>(map: T | undefined): map is T =>
  map !== undefined && map !== null && Object.keys(map).length > 0
