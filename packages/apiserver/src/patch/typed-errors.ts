/** What keeps a configuration from being applied: structured-merge-diff's checks, in its words. */
import { childSchema, itemSchema } from '../schema/children.ts'
import { isPlainObject } from '../schema/plain-object.ts'
import type { Schema } from '../schema/schema.ts'
import { goPrint } from './patch-error.ts'
import { itemElement, keyValue, printElement } from './path-element.ts'

/** Each as `.spec.x: what is wrong`. */
export function typedErrors(schema: Schema, value: unknown, path = ''): string[] {
  if (value === null || value === undefined || schema['x-kubernetes-int-or-string']) return []
  switch (schema.type) {
    case 'object':
      return isPlainObject(value)
        ? objectErrors(schema, value, path)
        : [`${path}: expected map, got &{${goPrint(value)}}`]
    case 'array':
      return Array.isArray(value)
        ? listErrors(schema, value, path)
        : [`${path}: expected list, got &{${goPrint(value)}}`]
    case 'string':
      return typeof value === 'string'
        ? []
        : [`${path}: expected string, got &value.valueUnstructured{Value:${goPrint(value)}}`]
    case 'integer':
    case 'number':
      return typeof value === 'number'
        ? []
        : [`${path}: expected numeric (int or float), got ${goType(value)}`]
    case 'boolean':
      return typeof value === 'boolean' ? [] : [`${path}: expected boolean, got ${goType(value)}`]
    default:
      return []
  }
}

function objectErrors(schema: Schema, object: Record<string, unknown>, path: string): string[] {
  return Object.keys(object).flatMap(key => {
    const child = childSchema(schema, key)
    if (!child) return [`${path}.${key}: field not declared in schema`]
    return typedErrors(child, object[key], `${path}.${key}`)
  })
}

function listErrors(schema: Schema, list: readonly unknown[], path: string): string[] {
  const type = schema['x-kubernetes-list-type']
  const keys = type === 'map' ? (schema['x-kubernetes-list-map-keys'] ?? []) : []
  const seen = new Set<string>()
  return list.flatMap((item, index) => {
    const missing = keys.find(key => keyValue(schema, item, key) === undefined)
    if (missing !== undefined)
      return [
        `${path}: element ${index}: associative list with keys has an element that omits key field ${JSON.stringify(missing)} (and doesn't have default value)`,
      ]
    const isAssociative = type === 'map' || type === 'set'
    const element = isAssociative ? itemElement(schema, item) : ''
    const at = isAssociative ? printElement(element) : `[${index}]`
    const duplicate = isAssociative && seen.has(element) ? [`${path}: duplicate entries for key ${at}`] : []
    seen.add(element)
    return duplicate.concat(typedErrors(itemSchema(schema), item, path + at))
  })
}

const goType = (value: unknown): string =>
  typeof value === 'string'
    ? 'string'
    : typeof value === 'boolean'
      ? 'bool'
      : Array.isArray(value)
        ? '[]interface {}'
        : typeof value === 'number'
          ? 'int64'
          : 'map[string]interface {}'
