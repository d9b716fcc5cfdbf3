import { objectMetaSchema } from '../schema/builtin/builtin-schema.ts'
import type { Schema } from '../schema/schema.ts'

const STRING: Schema = { type: 'string' }

/**
 * A definition's schema with what every object has: type and metadata, at the root and in embedded resources.
 * What the definition says of metadata (its name's pattern) does not hide the fields that it does not speak of.
 */
export function withTypeAndMetadata(declared: Schema): Schema {
  const schema = withEmbedded(declared)
  return { type: 'object', ...schema, properties: withObjectFields(schema.properties) }
}

/** A definition's schema as it judges objects: rules may speak of type and name, though it does not declare them. */
export function withNames(declared: Schema): Schema {
  const { apiVersion = STRING, kind = STRING, metadata, ...others } = declared.properties ?? {}
  const names = { name: STRING, generateName: STRING, ...metadata?.properties }
  return {
    ...declared,
    properties: { apiVersion, kind, metadata: { type: 'object', ...metadata, properties: names }, ...others },
  }
}

function withObjectFields(properties: Schema['properties'] = {}): NonNullable<Schema['properties']> {
  const { apiVersion = STRING, kind = STRING, ...others } = properties
  return { apiVersion, kind, ...others, metadata: objectMetaSchema() }
}

function withEmbedded(schema: Schema): Schema {
  const changes: { -readonly [K in keyof Schema]?: Schema[K] } = {}
  if (schema.properties)
    changes.properties = Object.fromEntries(
      Object.entries(schema.properties).map(([name, part]) => [name, withEmbedded(part)]),
    )
  if (schema.items) changes.items = withEmbedded(schema.items)
  if (typeof schema.additionalProperties === 'object')
    changes.additionalProperties = withEmbedded(schema.additionalProperties)
  if (schema['x-kubernetes-embedded-resource'])
    changes.properties = withObjectFields(changes.properties ?? schema.properties)
  return Object.keys(changes).length === 0 ? schema : { ...schema, ...changes }
}
