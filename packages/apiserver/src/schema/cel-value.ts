/** Values as CEL sees them, by their schema: integers are int, dates are timestamps, objects have their known fields. */
import { type CelInput, celEnv, isCelError, parse, plan } from '@bufbuild/cel'
import { itemSchema } from './children.ts'
import { isPlainObject } from './plain-object.ts'
import type { Schema } from './schema.ts'

/** Field names that CEL reserves. */
const KEYWORDS = new Set(
  'true false null in as break const continue else for function if import let loop package namespace return var void while'.split(
    ' ',
  ),
)

/** The name of a field in an expression: Kubernetes escapes what is not an identifier. */
function escaped(name: string): string {
  if (KEYWORDS.has(name)) return `__${name}__`
  if (/^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && !name.includes('__')) return name
  return name
    .replaceAll('__', '__underscores__')
    .replaceAll('.', '__dot__')
    .replaceAll('-', '__dash__')
    .replaceAll('/', '__slash__')
}

const converters = new Map(
  ['timestamp', 'duration'].map(type => [type, plan(celEnv(), parse(`${type}(text)`))] as const),
)

function converted(type: 'timestamp' | 'duration', text: string): CelInput {
  const result = converters.get(type)?.({ text })
  return result === undefined || isCelError(result) ? text : (result as CelInput)
}

function celString(schema: Schema, text: string): CelInput {
  switch (schema.format) {
    case 'date-time':
      return converted('timestamp', text)
    case 'date':
      return converted('timestamp', `${text}T00:00:00Z`)
    case 'duration':
      return converted('duration', text)
    case 'byte':
      return Buffer.from(text, 'base64')
    default:
      return text
  }
}

export function celValue(schema: Schema, value: unknown): CelInput {
  if (typeof value === 'string') return celString(schema, value)
  if (typeof value === 'number')
    return schema.type === 'number' || !Number.isInteger(value) ? value : BigInt(value)
  if (typeof value === 'boolean' || value === null || value === undefined) return value ?? null
  if (Array.isArray(value)) {
    const items = itemSchema(schema)
    return value.map(item => celValue(items, item))
  }
  if (!isPlainObject(value)) return null
  const map = new Map<string, CelInput>()
  for (const key of Object.keys(value)) {
    const property =
      schema.properties && Object.hasOwn(schema.properties, key) ? schema.properties[key] : undefined
    if (property) map.set(escaped(key), celValue(property, value[key]))
    else if (typeof schema.additionalProperties === 'object')
      map.set(key, celValue(schema.additionalProperties, value[key]))
  }
  return map
}
