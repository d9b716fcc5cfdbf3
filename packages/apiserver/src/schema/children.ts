import type { Schema } from './schema.ts'

const anything: Schema = { 'x-kubernetes-preserve-unknown-fields': true }

/**
 * The schema of an object's field: undefined when the schema does not know the field. What lies under a field
 * kept by `x-kubernetes-preserve-unknown-fields` or `additionalProperties: true` may be anything.
 */
export function childSchema(schema: Schema, field: string): Schema | undefined {
  const { properties, additionalProperties } = schema
  if (properties && Object.hasOwn(properties, field)) return properties[field]
  if (typeof additionalProperties === 'object') return additionalProperties
  if (additionalProperties === true || schema['x-kubernetes-preserve-unknown-fields']) return anything
  return undefined
}

/** The schema of a list's elements. */
export function itemSchema(schema: Schema): Schema {
  return schema.items ?? anything
}

/** Nothing is known of what is inside: it is kept and compared as a whole. */
export function isOpaque(schema: Schema): boolean {
  return schema === anything || (!schema.type && !schema.properties && !schema.items)
}
