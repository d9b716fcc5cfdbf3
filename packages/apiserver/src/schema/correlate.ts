import { isDeepStrictEqual } from 'node:util'
import { isPlainObject } from './plain-object.ts'
import type { Schema } from './schema.ts'

/**
 * The part of the old value that a part of the new one comes from, so that what did not change is not judged again
 * (ratcheting) and transition rules have their `oldSelf`. Only lists of type map have elements that can be told.
 */
export function oldField(old: unknown, field: string): unknown {
  return isPlainObject(old) && Object.hasOwn(old, field) ? old[field] : undefined
}

export function oldItem(schema: Schema, old: unknown, item: unknown): unknown {
  const keys = schema['x-kubernetes-list-map-keys']
  if (schema['x-kubernetes-list-type'] !== 'map' || !keys || !Array.isArray(old) || !isPlainObject(item))
    return undefined
  return old.find(candidate => isPlainObject(candidate) && keys.every(key => candidate[key] === item[key]))
}

export const isUnchanged = (value: unknown, old: unknown): boolean =>
  old !== undefined && (value === old || isDeepStrictEqual(value, old))
