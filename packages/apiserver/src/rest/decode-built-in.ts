/**
 * Reads a document as Go reads one into a typed object: what does not fit the schema is an error in Go's
 * words, null is absent, empty maps and lists are left out, times are in UTC, unknown fields are dropped
 * and reported. The result shares nothing with the document's containers.
 */
import { builtinTypeName } from '../schema/builtin/builtin-schema.ts'
import { setOwn } from '../schema/plain-object.ts'
import type { Schema } from '../schema/schema.ts'
import { decodeBase64Error, decodeTime } from './scalars.ts'

/** The document does not fit the kind; the message is Go's. */
export class DecodeError extends Error {
  constructor(message: string) {
    super(message)
    this.name = 'DecodeError'
  }
}

/** Fields that are a MicroTime: six digits after the second, and refused without. */
const MICRO_TIME_FIELDS = new Set(['acquireTime', 'renewTime', 'eventTime', 'lastObservedTime'])

export interface Decoded {
  readonly object: Record<string, unknown>
  /** Paths such as `spec.ports[0].nope`, in the order of the document. */
  readonly unknown: readonly string[]
}

/** `type` names the kind in errors, such as `ConfigMap`. Throws a DecodeError. */
export function decodeBuiltIn(schema: Schema, document: Record<string, unknown>, type: string): Decoded {
  const decoder = new Decoder()
  const object = decoder.struct(schema, document, { struct: type, fields: '', path: '' })
  return { object, unknown: decoder.unknown }
}

/** Where the decoder is: Go's errors name the innermost struct and the path of field names without indices. */
interface Place {
  readonly struct: string
  readonly fields: string
  readonly path: string
}

class Decoder {
  readonly unknown: string[] = []

  struct(schema: Schema, document: Record<string, unknown>, place: Place): Record<string, unknown> {
    const result: Record<string, unknown> = {}
    for (const [name, value] of Object.entries(document)) {
      const path = place.path === '' ? name : `${place.path}.${name}`
      const property = ownProperty(schema.properties, name)
      if (property === undefined) this.unknown.push(path)
      else {
        const fields = place.fields === '' ? name : `${place.fields}.${name}`
        const keepEmpty = schema.required?.includes(name) ?? false
        const decoded = this.value(property, value, { struct: place.struct, fields, path }, name)
        if (decoded !== undefined && (keepEmpty || !isEmptyCollection(property, decoded)))
          result[name] = decoded
      }
    }
    return result
  }

  value(schema: Schema, value: unknown, place: Place, name: string): unknown {
    if (value === null || value === undefined) return undefined
    if (schema['x-kubernetes-int-or-string']) {
      if (typeof value === 'string' || typeof value === 'number') return value
      throw mismatch(value, 'intstr.IntOrString', place)
    }
    switch (schema.type) {
      case 'string':
        if (typeof value !== 'string') throw mismatch(value, goType(schema), place)
        return this.#string(schema, value, name)
      case 'boolean':
        if (typeof value !== 'boolean') throw mismatch(value, 'bool', place)
        return value
      case 'integer':
        if (typeof value !== 'number') throw mismatch(value, goType(schema), place)
        if (!Number.isInteger(value)) throw mismatch(value, goType(schema), place, ` ${value}`)
        return value
      case 'number':
        if (typeof value !== 'number') throw mismatch(value, 'float64', place)
        return value
      case 'array': {
        if (!Array.isArray(value)) throw mismatch(value, goType(schema), place)
        const items = schema.items ?? {}
        return value.map((item, i) => {
          const decoded = this.value(items, item, { ...place, path: `${place.path}[${i}]` }, name)
          return decoded === undefined ? zero(items) : decoded
        })
      }
      case 'object':
        return this.#object(schema, value, place, name)
      default:
        return value
    }
  }

  #object(schema: Schema, value: unknown, place: Place, name: string): unknown {
    if (!isObject(value)) throw mismatch(value, goType(schema), place)
    if (schema.properties) {
      return this.struct(schema, value, { ...place, struct: shortName(schema) ?? place.struct })
    }
    const items = schema.additionalProperties
    if (typeof items !== 'object') return value
    const result: Record<string, unknown> = {}
    for (const [key, item] of Object.entries(value)) {
      const decoded = this.value(items, item, { ...place, path: `${place.path}.${key}` }, name)
      setOwn(result, key, decoded === undefined ? zero(items) : decoded)
    }
    return result
  }

  #string(schema: Schema, value: string, name: string): string {
    if (schema.format === 'date-time') {
      const { text, error } = decodeTime(value, MICRO_TIME_FIELDS.has(name))
      if (error !== undefined) throw new DecodeError(error)
      return text
    }
    if (schema.format === 'byte') {
      const error = decodeBase64Error(value)
      if (error !== undefined) throw new DecodeError(error)
    }
    return value
  }
}

export const isObject = (value: unknown): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && !Array.isArray(value)

const ownProperty = (properties: Schema['properties'], name: string): Schema | undefined =>
  properties !== undefined && Object.hasOwn(properties, name) ? properties[name] : undefined

/** A map or list without entries; an empty struct is something (`emptyDir: {}`). */
function isEmptyCollection(schema: Schema, value: unknown): boolean {
  if (Array.isArray(value)) return value.length === 0
  return isObject(value) && schema.additionalProperties !== undefined && Object.keys(value).length === 0
}

function zero(schema: Schema): unknown {
  switch (schema.type) {
    case 'string':
      return ''
    case 'integer':
    case 'number':
      return 0
    case 'boolean':
      return false
    case 'array':
      return []
    default:
      return {}
  }
}

const shortName = (schema: Schema): string | undefined => builtinTypeName(schema)?.split('.').at(-1)

function goType(schema: Schema): string {
  switch (schema.type) {
    case 'string':
      return schema.format === 'byte' ? '[]uint8' : 'string'
    case 'integer':
      return schema.format ?? 'int64'
    case 'boolean':
      return 'bool'
    case 'number':
      return 'float64'
    case 'array':
      return `[]${goType(schema.items ?? {})}`
    default: {
      const name = builtinTypeName(schema)
      if (name !== undefined) return name.split('.').slice(-2).join('.')
      const items = schema.additionalProperties
      return `map[string]${typeof items === 'object' ? goType(items) : 'interface {}'}`
    }
  }
}

function mismatch(value: unknown, type: string, place: Place, shown = ''): DecodeError {
  const found = Array.isArray(value) ? 'array' : typeof value === 'boolean' ? 'bool' : typeof value
  return new DecodeError(
    `json: cannot unmarshal ${found}${shown} into Go struct field ${place.struct}.${place.fields} of type ${type}`,
  )
}
