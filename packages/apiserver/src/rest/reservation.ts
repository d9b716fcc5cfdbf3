import type { ResourceDefinition, StoredObject, WriteContext } from '../registry/definition.ts'
import { invalid } from '../status/failures.ts'
import { storageKey } from './environment.ts'

/**
 * Takes what the object needs and is scarce. Answers how to give it back, for a write that comes to
 * nothing. Throws a 422 StatusError, with nothing taken.
 */
export function reserve(
  definition: ResourceDefinition,
  object: StoredObject,
  old: StoredObject | undefined,
  context: WriteContext,
): () => void {
  const reservation = definition.rules.reserve?.(object, old, context)
  if (reservation === undefined) return () => {}
  if (reservation.errors.length === 0) return reservation.undo
  reservation.undo()
  throw invalid(storageKey(definition).group, definition.kind, object.metadata.name, reservation.errors)
}
