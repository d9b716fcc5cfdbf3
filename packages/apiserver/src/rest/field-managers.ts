import { trackUpdate } from '../patch/managed-fields.ts'
import type { ResourceDefinition, StoredObject, WriteContext } from '../registry/definition.ts'
import { apiVersionOf, type WriteOptions } from './environment.ts'

/**
 * Keeps `metadata.managedFields` of an object that is about to be written: called when defaults are filled in and before
 * the server adds what nobody asked for, which nobody owns. An apply has worked them out already.
 */
export function manageFields(
  definition: ResourceDefinition,
  old: StoredObject | undefined,
  next: StoredObject,
  { now, subresource }: WriteContext,
  { fieldManager = 'unknown', isApply = false }: WriteOptions,
): void {
  if (isApply) return
  const managedFields = trackUpdate({
    schema: definition.schema,
    live: old,
    next,
    manager: fieldManager,
    operation: 'Update',
    subresource,
    now,
    apiVersion: apiVersionOf(definition),
    hasStatus: definition.status,
  })
  if (managedFields.length > 0) next.metadata.managedFields = managedFields
  else delete next.metadata.managedFields
}

/** The object with managedFields that say nothing of when: a write that changes only times is none. */
export function withoutTimes(object: StoredObject): StoredObject {
  const { managedFields } = object.metadata
  if (managedFields === undefined) return object
  const timeless = managedFields.map(entry => ({ ...(entry as object), time: undefined }))
  return { ...object, metadata: { ...object.metadata, managedFields: timeless } }
}
