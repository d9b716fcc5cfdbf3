/** Checks values against schemas, with the texts that kube-apiserver has for custom resources. */
import type { FieldError } from '../registry/field-error.ts'
import { duplicate, invalid, notSupported, required } from '../registry/field-error.ts'
import { childSchema, itemSchema } from './children.ts'
import { isUnchanged, oldField, oldItem } from './correlate.ts'
import { hasFormat } from './formats.ts'
import { matchesPattern } from './pattern.ts'
import { isPlainObject, type PlainObject } from './plain-object.ts'
import type { Schema } from './schema.ts'
import { ruleErrors } from './validation-rules.ts'

/**
 * Everything that is wrong with a value, by schema and by its rules. What is as it was in `old` is not judged
 * (an old object may stay though the schema has become stricter). `subresource` status: only that field's
 * schema is judged, and the rules of all.
 */
export function validateSchema(
  schema: Schema,
  object: unknown,
  old?: unknown,
  subresource = '',
): FieldError[] {
  const only = subresource === 'status' ? 'status' : undefined
  const errors = only
    ? valueErrors(childSchema(schema, only) ?? {}, oldField(object, only), oldField(old, only), {
        root: only,
        path: '',
      })
    : valueErrors(schema, object, old, { root: '', path: '' })
  return [...errors, ...ruleErrors(schema, object, old, errors)]
}

/** `root` is left out of texts, as kube-apiserver checks a subresource as a document of its own. */
interface Place {
  readonly root: string
  readonly path: string
}

const fieldOf = ({ root, path }: Place): string =>
  [root, path].filter(part => part !== '').join('.') || '<nil>'
const nameOf = ({ root, path }: Place): string => path || root
const below = (place: Place, field: string): Place => ({
  ...place,
  path: place.path === '' ? field : `${place.path}.${field}`,
})
const at = (place: Place, index: number): Place => ({ ...place, path: `${place.path}[${index}]` })

function valueErrors(schema: Schema, value: unknown, old: unknown, place: Place): FieldError[] {
  if (value === undefined || isUnchanged(value, old)) return []
  const own = [...typeErrors(schema, value, place), ...enumErrors(schema, value, place)]
  if (value === null) return own
  if (typeof value === 'string') own.push(...stringErrors(schema, value, place))
  else if (typeof value === 'number') own.push(...numberErrors(schema, value, place))
  else if (Array.isArray(value)) own.push(...listErrors(schema, value, old, place))
  else if (isPlainObject(value)) own.push(...objectErrors(schema, value, old, place))
  return [...own, ...combinationErrors(schema, value, place)]
}

const typeOf = (value: unknown): string => {
  if (value === null) return 'null'
  if (Array.isArray(value)) return 'array'
  return typeof value === 'number' && Number.isInteger(value) ? 'integer' : typeof value
}

function typeErrors(schema: Schema, value: unknown, place: Place): FieldError[] {
  const types = schema['x-kubernetes-int-or-string']
    ? ['integer', 'string']
    : schema.type
      ? [schema.type]
      : []
  const actual = typeOf(value)
  if (types.length === 0 || types.includes(actual as never)) return formatErrors(schema, value, place)
  if (actual === 'integer' && schema.type === 'number') return []
  if (value === null && schema.nullable) return []
  return [typeInvalid(place, actual, types.join(','))]
}

function formatErrors({ type, format }: Schema, value: unknown, place: Place): FieldError[] {
  if (type !== 'string' || !format || typeof value !== 'string' || hasFormat(format, value)) return []
  return [typeInvalid(place, value, format)]
}

const typeInvalid = (place: Place, shown: string, types: string): FieldError => ({
  reason: 'FieldValueTypeInvalid',
  field: fieldOf(place),
  message: `Invalid value: ${JSON.stringify(shown)}: ${nameOf(place)} in body must be of type ${types}: ${JSON.stringify(shown)}`,
})

function enumErrors(schema: Schema, value: unknown, place: Place): FieldError[] {
  const { enum: allowed } = schema
  if (!allowed || (value === null && schema.nullable) || allowed.some(one => isUnchanged(value, one)))
    return []
  const shown = allowed.map(one => (typeof one === 'string' ? one : JSON.stringify(one)))
  return [notSupported(fieldOf(place), value, shown)]
}

const inBody = (place: Place, value: unknown, what: string): FieldError =>
  invalid(fieldOf(place), value, `${nameOf(place)} in body ${what}`)

/** Only the first thing wrong with a text is said. */
function stringErrors({ maxLength, minLength, pattern }: Schema, value: string, place: Place): FieldError[] {
  const length = maxLength === undefined && minLength === undefined ? 0 : [...value].length
  if (maxLength !== undefined && length > maxLength) {
    const message = `Too long: may not be more than ${maxLength} bytes`
    return [{ reason: 'FieldValueTooLong', field: fieldOf(place), message }]
  }
  if (minLength !== undefined && length < minLength)
    return [inBody(place, value, `should be at least ${minLength} chars long`)]
  if (pattern && !matchesPattern(pattern, value)) return [inBody(place, value, `should match '${pattern}'`)]
  return []
}

const INT32 = 2 ** 31

function numberErrors(schema: Schema, value: number, place: Place): FieldError[] {
  const { type, format, multipleOf, minimum, maximum, exclusiveMinimum, exclusiveMaximum } = schema
  const errors: FieldError[] = []
  const outOfFormat = format === 'int32' && (value < -INT32 || value >= INT32)
  if (type === 'integer' && (!Number.isInteger(value) || outOfFormat)) {
    const shown = format ? `with format ${format}` : '(default format)'
    errors.push(
      invalid(
        place.root || '<nil>',
        '',
        `Checked value must be of type integer ${shown} in ${nameOf(place)}`,
      ),
    )
  }
  if (multipleOf !== undefined && !isMultiple(value, multipleOf))
    errors.push(inBody(place, value, `should be a multiple of ${multipleOf}`))
  if (maximum !== undefined && (exclusiveMaximum ? value >= maximum : value > maximum))
    errors.push(
      inBody(place, value, `should be less than ${exclusiveMaximum ? '' : 'or equal to '}${maximum}`),
    )
  if (minimum !== undefined && (exclusiveMinimum ? value <= minimum : value < minimum))
    errors.push(
      inBody(place, value, `should be greater than ${exclusiveMinimum ? '' : 'or equal to '}${minimum}`),
    )
  return errors
}

const isMultiple = (value: number, of: number): boolean =>
  Math.abs(value / of - Math.round(value / of)) < 1e-9

const tooMany = (place: Place, count: number, most: number): FieldError => ({
  reason: 'FieldValueTooMany',
  field: fieldOf(place),
  message: `Too many: ${count}: must have at most ${most} items`,
})

function listErrors(schema: Schema, list: readonly unknown[], old: unknown, place: Place): FieldError[] {
  const { minItems, maxItems, uniqueItems } = schema
  const items = itemSchema(schema)
  const errors = list.flatMap((item, index) =>
    valueErrors(items, item, oldItem(schema, old, item), at(place, index)),
  )
  if (minItems !== undefined && list.length < minItems)
    errors.push(inBody(place, list.length, `should have at least ${minItems} items`))
  if (maxItems !== undefined && list.length > maxItems) errors.push(tooMany(place, list.length, maxItems))
  if (uniqueItems && new Set(list.map(item => JSON.stringify(item))).size < list.length)
    errors.push(inBody(place, list, "shouldn't contain duplicates"))
  return [...errors, ...duplicateErrors(schema, list, place)]
}

/** Elements of sets, and those of maps by their keys, are there once. */
function duplicateErrors(schema: Schema, list: readonly unknown[], place: Place): FieldError[] {
  const type = schema['x-kubernetes-list-type']
  if (type !== 'set' && type !== 'map') return []
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  const seen = new Set<string>()
  return list.flatMap((item, index) => {
    const identity = type === 'map' && isPlainObject(item) ? keysOf(item, keys) : item
    const text = JSON.stringify(identity)
    const repeated = seen.has(text)
    seen.add(text)
    return repeated ? [duplicate(fieldOf(at(place, index)), identity)] : []
  })
}

const keysOf = (item: PlainObject, keys: readonly string[]): PlainObject =>
  Object.fromEntries(keys.filter(key => item[key] !== undefined).map(key => [key, item[key]]))

/** An object with too few or too many fields is not looked into. */
function objectErrors(schema: Schema, object: PlainObject, old: unknown, place: Place): FieldError[] {
  const { minProperties, maxProperties } = schema
  const count = Object.keys(object).length
  if (minProperties !== undefined && count < minProperties)
    return [inBody(place, count, `should have at least ${minProperties} properties`)]
  if (maxProperties !== undefined && count > maxProperties) return [tooMany(place, count, maxProperties)]
  const errors = Object.keys(object).flatMap(field => {
    const child = childSchema(schema, field)
    return child ? valueErrors(child, object[field], oldField(old, field), below(place, field)) : []
  })
  const missing = (schema.required ?? []).filter(
    field => !Object.hasOwn(object, field) || object[field] === undefined,
  )
  return [...errors, ...missing.map(field => required(fieldOf(below(place, field))))]
}

/** allOf, anyOf, oneOf, not. Their own errors bear no field: kube-apiserver names it in the text alone. */
function combinationErrors({ allOf, anyOf, oneOf, not }: Schema, value: unknown, place: Place): FieldError[] {
  const failing = (schemas: readonly Schema[]) =>
    schemas.map(schema => valueErrors(schema, value, undefined, place))
  const combined = (text: string) =>
    invalid(place.root || '<nil>', '', `${JSON.stringify(nameOf(place))} must ${text}`)
  const errors: FieldError[] = []
  if (anyOf?.length) {
    const results = failing(anyOf)
    if (results.every(result => result.length > 0))
      errors.push(combined('validate at least one schema (anyOf)'), ...fewest(results))
  }
  if (oneOf?.length) {
    const results = failing(oneOf)
    const valid = results.filter(result => result.length === 0).length
    const found = valid === 0 ? 'Found none valid' : `Found ${valid} valid alternatives`
    if (valid !== 1)
      errors.push(
        combined(`validate one and only one schema (oneOf). ${found}`),
        ...(valid === 0 ? fewest(results) : []),
      )
  }
  if (allOf?.length) {
    const results = failing(allOf)
    const valid = results.filter(result => result.length === 0).length
    if (valid < allOf.length)
      errors.push(
        combined(`validate all the schemas (allOf)${valid === 0 ? '. None validated' : ''}`),
        ...results.flat(),
      )
  }
  if (not && valueErrors(not, value, undefined, place).length === 0)
    errors.push(combined('not validate the schema (not)'))
  return errors
}

const fewest = (results: readonly FieldError[][]): readonly FieldError[] =>
  results.reduce((best, result) => (result.length < best.length ? result : best))
