/** Whether a schema is structural, so that pruning, defaulting and apply know every field: kube-apiserver's rules. */
import { type FieldError, forbidden, invalid, notSupported, required } from '../registry/field-error.ts'
import { matchesPattern } from '../schema/pattern.ts'
import type { Schema, ValidationRule } from '../schema/schema.ts'
import { validateSchema } from '../schema/validate.ts'
import { compileExpression } from '../schema/validation-rules.ts'

const TYPES = ['array', 'boolean', 'integer', 'number', 'object', 'string']
const UNSUPPORTED = [
  '$ref',
  'definitions',
  'dependencies',
  'patternProperties',
  'additionalItems',
  'id',
  '$schema',
] as const
const REASONS = ['FieldValueRequired', 'FieldValueForbidden', 'FieldValueInvalid', 'FieldValueDuplicate']

/** `field` is where the schema stands, such as `spec.versions[0].schema.openAPIV3Schema`. */
export function structuralErrors(schema: Schema, field: string): FieldError[] {
  const root: FieldError[] = []
  if (!schema.type) root.push(required(`${field}.type`, 'must not be empty at the root'))
  else if (schema.type !== 'object')
    root.push(invalid(`${field}.type`, schema.type, 'must be object at the root'))
  return [...root, ...schemaErrors(schema, field)]
}

function schemaErrors(schema: Schema, field: string): FieldError[] {
  return [
    ...(schema.type && !TYPES.includes(schema.type)
      ? [notSupported(`${field}.type`, schema.type, TYPES)]
      : []),
    ...UNSUPPORTED.filter(key => Object.hasOwn(schema, key)).map(key =>
      forbidden(`${field}.${key}`, `${key} is not supported`),
    ),
    ...(schema.uniqueItems
      ? [
          forbidden(
            `${field}.uniqueItems`,
            'uniqueItems cannot be set to true since the runtime complexity becomes quadratic',
          ),
        ]
      : []),
    ...patternErrors(schema, field),
    ...listErrors(schema, field),
    ...defaultErrors(schema, field),
    ...(schema['x-kubernetes-validations'] ?? []).flatMap((rule, i) =>
      ruleErrors(rule, `${field}.x-kubernetes-validations[${i}]`),
    ),
    ...partErrors(schema, field),
  ]
}

/** What is inside: every field has a type, or says why not. */
function partErrors(schema: Schema, field: string): FieldError[] {
  const { properties, additionalProperties, items } = schema
  const errors: FieldError[] = []
  if (properties && additionalProperties)
    errors.push(
      forbidden(`${field}.additionalProperties`, 'additionalProperties and properties are mutual exclusive'),
    )
  if (schema['x-kubernetes-preserve-unknown-fields'] === false)
    errors.push(invalid(`${field}.x-kubernetes-preserve-unknown-fields`, false, 'must be true or undefined'))
  if (additionalProperties === false)
    errors.push(forbidden(`${field}.additionalProperties`, 'additionalProperties cannot be set to false'))
  for (const [name, part] of Object.entries(properties ?? {})) {
    const at = `${field}.properties[${name}]`
    errors.push(
      ...untyped(part, at, 'must not be empty for specified object fields'),
      ...schemaErrors(part, at),
    )
  }
  if (typeof additionalProperties === 'object') {
    const at = `${field}.additionalProperties`
    errors.push(
      ...untyped(additionalProperties, at, 'must not be empty for specified object fields'),
      ...schemaErrors(additionalProperties, at),
    )
  }
  if (Array.isArray(items))
    errors.push(forbidden(`${field}.items`, 'items must be a schema object and not an array'))
  else if (items)
    errors.push(
      ...untyped(items, `${field}.items`, 'must not be empty for specified array items'),
      ...schemaErrors(items, `${field}.items`),
    )
  else if (schema.type === 'array') errors.push(required(`${field}.items`, 'must be specified'))
  return errors
}

function untyped(schema: Schema, field: string, detail: string): FieldError[] {
  const isFree = schema['x-kubernetes-int-or-string'] || schema['x-kubernetes-preserve-unknown-fields']
  return schema.type || isFree ? [] : [required(`${field}.type`, detail)]
}

function patternErrors({ pattern }: Schema, field: string): FieldError[] {
  if (!pattern) return []
  try {
    matchesPattern(pattern, '')
    return []
  } catch (error) {
    return [
      invalid(
        `${field}.pattern`,
        pattern,
        `must be a valid regular expression, but isn't: ${(error as Error).message}`,
      ),
    ]
  }
}

function listErrors(schema: Schema, field: string): FieldError[] {
  const listType = schema['x-kubernetes-list-type']
  const keys = schema['x-kubernetes-list-map-keys'] ?? []
  if (!listType)
    return keys.length > 0
      ? [
          invalid(
            `${field}.x-kubernetes-list-type`,
            '',
            'must be map if x-kubernetes-list-map-keys is non-empty',
          ),
        ]
      : []
  if (!['atomic', 'set', 'map'].includes(listType))
    return [notSupported(`${field}.x-kubernetes-list-type`, listType, ['atomic', 'map', 'set'])]
  if (schema.type !== 'array')
    return [
      invalid(`${field}.type`, schema.type ?? '', 'must be array if x-kubernetes-list-type is specified'),
    ]
  if (listType !== 'map') return []
  if (keys.length === 0)
    return [
      required(`${field}.x-kubernetes-list-map-keys`, 'must not be empty if x-kubernetes-list-type is map'),
    ]
  return keys.flatMap((key, i) =>
    keyErrors(schema.items ?? {}, key, `${field}.x-kubernetes-list-map-keys[${i}]`, field),
  )
}

function keyErrors(items: Schema, key: string, at: string, field: string): FieldError[] {
  const property = items.properties?.[key]
  if (!property) return [invalid(at, key, 'entries must all be names of item properties')]
  if (items.required?.includes(key) || property.default !== undefined) return []
  return [
    required(
      `${field}.items.properties[${key}].default`,
      'this property is in x-kubernetes-list-map-keys, so it must have a default or be a required property',
    ),
  ]
}

/** A default has to be a value of its schema. */
function defaultErrors(schema: Schema, field: string): FieldError[] {
  if (schema.default === undefined) return []
  const { 'x-kubernetes-validations': _, ...checked } = schema
  return validateSchema({ properties: { default: checked } }, { default: schema.default }).map(error => ({
    ...error,
    field: error.field === '<nil>' ? error.field : `${field}.${error.field}`,
    message: error.message.replace(/: default\b/, `: ${field}.default`),
  }))
}

function ruleErrors(rule: ValidationRule, field: string): FieldError[] {
  const errors: FieldError[] = []
  if (!rule.rule?.trim()) errors.push(required(`${field}.rule`, 'rule is not specified'))
  else errors.push(...expressionErrors(rule.rule, `${field}.rule`))
  if (rule.messageExpression)
    errors.push(...expressionErrors(rule.messageExpression, `${field}.messageExpression`))
  if (rule.reason && !REASONS.includes(rule.reason))
    errors.push(notSupported(`${field}.reason`, rule.reason, REASONS))
  if (rule.fieldPath && !/^[.[]/.test(rule.fieldPath))
    errors.push(invalid(`${field}.fieldPath`, rule.fieldPath, 'fieldPath must be a valid path'))
  return errors
}

function expressionErrors(expression: string, field: string): FieldError[] {
  try {
    compileExpression(expression)
    return []
  } catch (error) {
    return [invalid(field, expression, `compilation failed: ERROR: ${(error as Error).message}`)]
  }
}
