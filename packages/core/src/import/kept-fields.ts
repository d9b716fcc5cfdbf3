import type { KeptFields } from './desired-import.ts'

/** As much of an OpenAPI schema as pruning needs. */
export interface FieldSchema {
  readonly properties?: Readonly<Record<string, FieldSchema>>
  readonly items?: FieldSchema
  readonly additionalProperties?: FieldSchema | boolean
  readonly 'x-kubernetes-preserve-unknown-fields'?: boolean
}

/**
 * Reduces what should be to what this cluster's CRD stores. A CRD of an older release prunes the fields
 * that it does not know; comparing with them would be a difference, and a write, for ever.
 */
export function keptFieldsOf(schema: FieldSchema | undefined): KeptFields {
  if (schema === undefined) return (_, value) => value
  return (path, value) => {
    const part = schema.properties?.[path]
    return part === undefined ? value : (pruned(value, part) as typeof value)
  }
}

function pruned(value: unknown, schema: FieldSchema): unknown {
  if (schema['x-kubernetes-preserve-unknown-fields'] === true) return value
  if (Array.isArray(value)) {
    const { items } = schema
    return items === undefined ? value : value.map(item => pruned(item, items))
  }
  if (typeof value !== 'object' || value === null) return value
  const { properties, additionalProperties } = schema
  if (additionalProperties !== undefined || properties === undefined) return value
  const kept: Record<string, unknown> = {}
  for (const [name, field] of Object.entries(value)) {
    const fieldSchema = properties[name]
    if (fieldSchema !== undefined) kept[name] = pruned(field, fieldSchema)
  }
  return kept
}
