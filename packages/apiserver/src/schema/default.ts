import { childSchema, itemSchema } from './children.ts'
import { isPlainObject, mapItems, mapValues, type PlainObject, setOwn } from './plain-object.ts'
import type { Schema } from './schema.ts'

/**
 * The object with its schema's defaults filled in: only where the parent is there. A null in a field that is not
 * nullable is replaced by the default, or dropped if there is none. Shares what it does not change.
 */
export function applyDefaults<T extends object>(schema: Schema, object: T): T {
  return defaulted(schema, object) as T
}

function defaulted(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = itemSchema(schema)
    return mapItems(value, item => defaulted(items, item))
  }
  if (!isPlainObject(value)) return value
  return mapValues(withMissing(schema, value), (inner, field) => {
    const child = childSchema(schema, field)
    if (!child) return inner
    if (inner === null && !child.nullable && !child['x-kubernetes-preserve-unknown-fields']) return undefined
    return defaulted(child, inner)
  })
}

function withMissing(schema: Schema, object: PlainObject): PlainObject {
  let filled = object
  for (const [field, child] of defaultedFields(schema)) {
    const value = Object.hasOwn(object, field) ? object[field] : undefined
    if (value !== undefined && (value !== null || child.nullable)) continue
    if (filled === object) filled = { ...object }
    setOwn(filled, field, structuredClone(child.default))
  }
  return filled
}

const known = new WeakMap<Schema, readonly (readonly [string, Schema])[]>()

/** Most schemas have no default: the few fields that do are found once. */
function defaultedFields(schema: Schema): readonly (readonly [string, Schema])[] {
  let fields = known.get(schema)
  if (!fields) {
    fields = Object.entries(schema.properties ?? {}).filter(([, child]) => child.default !== undefined)
    known.set(schema, fields)
  }
  return fields
}
