import { builtinTypeName } from './builtin/builtin-schema.ts'
import { childSchema, itemSchema } from './children.ts'
import { isPlainObject, mapItems, mapValues } from './plain-object.ts'
import type { Schema } from './schema.ts'

/**
 * The object without the fields that its schema does not know. In built-in types (`metadata` of a custom
 * resource is one) a null is dropped too, as Go's decoder takes it for the zero value.
 * Shares what it does not change.
 */
export function prune<T extends object>(schema: Schema, object: T): T {
  return pruned(schema, object) as T
}

function pruned(schema: Schema, value: unknown): unknown {
  if (Array.isArray(value)) {
    const items = itemSchema(schema)
    return mapItems(value, item => pruned(items, item))
  }
  if (!isPlainObject(value)) return value
  const isBuiltin = builtinTypeName(schema) !== undefined
  return mapValues(value, (inner, field) => {
    const child = childSchema(schema, field)
    if (!child) return schema.type === 'object' || schema.properties ? undefined : inner
    if (inner === null && isBuiltin) return undefined
    return pruned(child, inner)
  })
}
