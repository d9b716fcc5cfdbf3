/**
 * The schemas of the built-in kinds, read lazily from types.json (written by scripts/builtin-schemas.ts,
 * which says where each fact comes from). Nothing is read before the first kind is asked for; a type is
 * built once and shared by all kinds that use it.
 */
import { readFileSync } from 'node:fs'
import type { Schema } from '../schema.ts'

type TypeTable = Record<string, Record<string, Record<string, string>>>
type Building = { -readonly [K in keyof Schema]: Schema[K] }

/** Of scalars; lists and maps are written around them. */
const scalars: Record<string, Schema> = {
  string: { type: 'string' },
  bool: { type: 'boolean' },
  int32: { type: 'integer', format: 'int32' },
  int64: { type: 'integer', format: 'int64' },
  double: { type: 'number', format: 'double' },
  time: { type: 'string', format: 'date-time' },
  microTime: { type: 'string', format: 'date-time' },
  bytes: { type: 'string', format: 'byte' },
  quantity: { format: 'quantity', 'x-kubernetes-int-or-string': true },
  intOrString: { format: 'int-or-string', 'x-kubernetes-int-or-string': true },
  any: { 'x-kubernetes-preserve-unknown-fields': true, 'x-kubernetes-map-type': 'atomic' },
}

/** What a word after the type adds, such as `map(port,protocol)`. */
const facts: Record<string, (schema: Building, argument: string) => void> = {
  atomic: schema => {
    if (schema.type === 'array') schema['x-kubernetes-list-type'] = 'atomic'
    else schema['x-kubernetes-map-type'] = 'atomic'
  },
  set: schema => {
    schema['x-kubernetes-list-type'] = 'set'
  },
  map: (schema, keys) => {
    schema['x-kubernetes-list-type'] = 'map'
    schema['x-kubernetes-list-map-keys'] = keys.split(',')
  },
  merge: (schema, key) => {
    schema['x-kubernetes-patch-strategy'] = 'merge'
    if (key !== '') schema['x-kubernetes-patch-merge-key'] = key
  },
  retainKeys: schema => {
    const strategy = schema['x-kubernetes-patch-strategy']
    schema['x-kubernetes-patch-strategy'] = strategy ? `${strategy},retainKeys` : 'retainKeys'
  },
  default: (schema, json) => {
    schema.default = JSON.parse(json)
  },
  enum: (schema, values) => {
    if (schema.type === 'string') schema.enum = values.split(',')
  },
}

let table: TypeTable | undefined
const built = new Map<string, Schema>()
const nameOf = new WeakMap<Schema, string>()
const structsOf = new WeakMap<Schema, readonly string[]>()

function types(): TypeTable {
  table ??= JSON.parse(readFileSync(new URL('./types.json', import.meta.url), 'utf8')) as TypeTable
  return table
}

/**
 * The schema of a built-in kind, such as ('', 'v1', 'Service') or ('apps', 'v1', 'Deployment').
 * Types that refer to themselves make a cyclic schema: walk it along data, or by `builtinTypeName`.
 */
export function builtinSchema(group: string, version: string, kind: string): Schema {
  const schema = findBuiltinSchema(group, version, kind)
  if (!schema)
    throw new Error(
      `no built-in schema for ${group}/${version} ${kind}: add its type to scripts/builtin-schema-facts.json and run scripts/builtin-schemas.ts`,
    )
  return schema
}

/** As `builtinSchema`, or undefined when there is no such kind. */
export function findBuiltinSchema(group: string, version: string, kind: string): Schema | undefined {
  const pkg = `${group === '' ? 'core' : group.split('.', 1)[0]}.${version}`
  return types()[pkg]?.[kind] && typeSchema(pkg, kind)
}

/** `core.v1.ServiceSpec` for the schema of that type, undefined for schemas that are not a type of their own. */
export function builtinTypeName(schema: Schema): string | undefined {
  return nameOf.get(schema)
}

/** The schema of a type by the name that `builtinTypeName` gives it. */
export function builtinType(name: string): Schema {
  const dot = name.lastIndexOf('.')
  return typeSchema(name.slice(0, dot), name.slice(dot + 1))
}

/** Fields that Go holds by value, so that the real server's objects always have them, empty if need be (`spec: {}`). */
export function structFields(schema: Schema): readonly string[] {
  return structsOf.get(schema) ?? []
}

/** `metadata` of every object. */
export const objectMetaSchema = (): Schema => typeSchema('meta.v1', 'ObjectMeta')

function typeSchema(pkg: string, name: string): Schema {
  const key = `${pkg}.${name}`
  const known = built.get(key)
  if (known) return known
  const described = types()[pkg]?.[name]
  if (!described)
    throw new Error(
      `types.json refers to ${key}, which it does not have: run scripts/builtin-schemas.ts again`,
    )
  const schema: Building = { type: 'object' }
  built.set(key, schema)
  nameOf.set(schema, key)
  const properties: Record<string, Schema> = {}
  const required: string[] = []
  const structs: string[] = []
  for (const [field, words] of Object.entries(described)) {
    if (field === '.') facts[words]?.(schema, '')
    else {
      properties[field] = fieldSchema(pkg, words)
      if (words.includes(' required')) required.push(field)
      if (words.includes(' struct')) structs.push(field)
    }
  }
  schema.properties = properties
  if (required.length > 0) schema.required = required
  if (structs.length > 0) structsOf.set(schema, structs)
  return schema
}

function fieldSchema(pkg: string, words: string): Schema {
  const [type = '', ...rest] = words.split(' ')
  const bare = bareSchema(pkg, type)
  const added = rest.filter(word => word !== 'required' && word !== 'struct')
  if (added.length === 0) return bare
  const schema: Building = { ...bare }
  const name = nameOf.get(bare)
  if (name) {
    nameOf.set(schema, name)
    structsOf.set(schema, structFields(bare))
  }
  for (const word of added) {
    const [, fact = '', argument = ''] = word.match(/^(\w+)(?:\((.*)\))?$/) ?? []
    facts[fact]?.(schema, argument)
  }
  return schema
}

function bareSchema(pkg: string, type: string): Schema {
  if (type.startsWith('[')) return { type: 'array', items: bareSchema(pkg, type.slice(1, -1)) }
  if (type.startsWith('{'))
    return { type: 'object', additionalProperties: bareSchema(pkg, type.slice(1, -1)) }
  const scalar = scalars[type]
  if (scalar) return scalar
  return type.includes('.') ? builtinType(type) : typeSchema(pkg, type)
}
