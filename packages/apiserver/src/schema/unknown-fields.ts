import { builtinTypeName } from './builtin/builtin-schema.ts'
import { childSchema, itemSchema } from './children.ts'
import { isPlainObject } from './plain-object.ts'
import type { Schema } from './schema.ts'

/**
 * Dotted paths of the fields that the schema does not know, as kube-apiserver's strict decoding names them
 * (`spec.ports[0].nope`). Built-in kinds report in the document's order, custom ones sorted, as the real server does.
 */
export function unknownFields(schema: Schema, object: unknown): string[] {
  const found: string[] = []
  visit(schema, object, '', found)
  return builtinTypeName(schema) ? found : found.sort()
}

function visit(schema: Schema, value: unknown, path: string, found: string[]): void {
  if (Array.isArray(value)) {
    const items = itemSchema(schema)
    for (let index = 0; index < value.length; index++) visit(items, value[index], `${path}[${index}]`, found)
  } else if (isPlainObject(value)) {
    for (const field of Object.keys(value)) {
      const at = path === '' ? field : `${path}.${field}`
      const child = childSchema(schema, field)
      if (child) visit(child, value[field], at, found)
      else if (schema.type === 'object') found.push(at)
    }
  }
}
