import { structFields } from '../schema/builtin/builtin-schema.ts'
import { childSchema } from '../schema/children.ts'
import { isPlainObject, mapValues, type PlainObject } from '../schema/plain-object.ts'
import type { Schema } from '../schema/schema.ts'
import {
  capUpdaters,
  decodeManagers,
  encodeManagers,
  identify,
  isReset,
  type Manager,
  type Managers,
  type Operation,
} from './field-managers.ts'
import { difference, EMPTY, isEmpty, union } from './field-set.ts'
import { disown, ownable } from './ownership.ts'
import { compare } from './typed-value.ts'

export interface Update {
  readonly schema: Schema
  /** What is stored; undefined on a create. */
  readonly live: object | undefined
  /** What will be stored, defaults filled in, before the server adds what it decides itself. */
  readonly next: object
  readonly manager: string
  readonly operation: Operation
  readonly subresource: string
  readonly now: Date
  readonly apiVersion: string
  /** The resource has a status subresource: writes to the object itself do not own status. */
  readonly hasStatus?: boolean
}

/**
 * `metadata.managedFields` after a create, an update or a patch other than apply: this manager owns what it changed,
 * nobody else does any more. An object without managedFields stays without them.
 */
export function trackUpdate(update: Update): Record<string, unknown>[] {
  const { live, next, subresource } = update
  const managers = startingManagers(live, next, subresource)
  if (live !== undefined && managers.size === 0) return []
  recordUpdate(managers, update)
  capUpdaters(managers)
  return encodeManagers(managers)
}

/** Writes an update into the managers. */
export function recordUpdate(managers: Managers, update: Update): void {
  const { schema, live, next, subresource, hasStatus = false } = update
  const before = live === undefined ? emptyObject(schema) : withStructs(schema, live as PlainObject)
  const comparison = compare(schema, before, withStructs(schema, next as PlainObject))
  const self: Manager = { ...update, time: timestamp(update.now), fields: EMPTY }
  const id = identify(self)
  const previous = managers.get(id)
  disown(managers, id, comparison)
  const taken = ownable(union(comparison.modified, comparison.added), subresource, hasStatus)
  const kept = difference(previous?.fields ?? EMPTY, comparison.removed)
  const fields = union(kept, taken)
  if (isEmpty(fields)) managers.delete(id)
  else if (previous && isEmpty(taken)) managers.set(id, { ...previous, fields })
  else managers.set(id, { ...self, fields })
}

/** A client may write managedFields, but not by leaving them out, and not through a subresource. */
function startingManagers(live: object | undefined, next: object, subresource: string): Managers {
  const asked = managedFieldsOf(next)
  const kept = managedFieldsOf(live)
  if (subresource !== '') return decodeManagers(kept)
  if (isReset(asked)) return new Map()
  const managers = decodeManagers(asked)
  return managers.size > 0 ? managers : decodeManagers(kept)
}

const managedFieldsOf = (object: object | undefined): unknown => {
  const metadata = (object as PlainObject | undefined)?.metadata
  return isPlainObject(metadata) ? metadata.managedFields : undefined
}

/** Whole seconds, UTC, as Kubernetes writes times. */
export const timestamp = (date: Date): string => `${date.toISOString().slice(0, 19)}Z`

/** The zero value of a Go struct: its structs are there, and empty. A custom resource has none. */
function emptyObject(schema: Schema): PlainObject {
  return Object.fromEntries(
    structFields(schema).map(field => [field, emptyObject(childSchema(schema, field) ?? {})]),
  )
}

/** The object with the empty structs that the real server's would have, so that nobody comes to own them. */
function withStructs(schema: Schema, object: PlainObject): PlainObject {
  const structs = structFields(schema)
  if (structs.length === 0 && !schema.properties) return object
  const missing = structs.filter(field => object[field] === undefined)
  const filled = missing.length === 0 ? object : { ...object }
  for (const field of missing) filled[field] = emptyObject(childSchema(schema, field) ?? {})
  return mapValues(filled, (value, field) => {
    const child = childSchema(schema, field)
    return child && structs.includes(field) && isPlainObject(value) ? withStructs(child, value) : value
  })
}
