import type { ResourceDefinition, StoredObject, WriteContext } from '../registry/definition.ts'
import type { WriteOptions } from './environment.ts'

/** Keeps `metadata.managedFields` of an object that is about to be written. */
export function manageFields(
  _definition: ResourceDefinition,
  _old: StoredObject | undefined,
  _next: StoredObject,
  _context: WriteContext,
  _options: WriteOptions,
): void {}

/** The object with managedFields that say nothing of when: a write that changes only times is none. */
export function withoutTimes(object: StoredObject): StoredObject {
  const { managedFields } = object.metadata
  if (managedFields === undefined) return object
  const timeless = managedFields.map(entry => ({ ...(entry as object), time: undefined }))
  return { ...object, metadata: { ...object.metadata, managedFields: timeless } }
}
