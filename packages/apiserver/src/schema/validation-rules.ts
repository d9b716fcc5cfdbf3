/** `x-kubernetes-validations`: rules in CEL. Each is compiled once and judged wherever its schema has a value. */
import { type CelResult, celEnv, isCelError, parse, plan } from '@bufbuild/cel'
import type { FieldError, FieldErrorReason } from '../registry/field-error.ts'
import { KUBERNETES_FUNCTIONS } from './cel-library.ts'
import { celValue } from './cel-value.ts'
import { childSchema, itemSchema } from './children.ts'
import { isUnchanged, oldField, oldItem } from './correlate.ts'
import { isPlainObject } from './plain-object.ts'
import type { Schema, ValidationRule } from './schema.ts'

type Program = (variables: Record<string, unknown>) => CelResult

interface CompiledRule {
  readonly rule: ValidationRule
  readonly holds: Program
  readonly message: Program | undefined
  /** It speaks of `oldSelf`: only for changes. */
  readonly isTransition: boolean
}

/** Errors after which the real server does not judge rules at all. */
const BLOCKING: readonly FieldErrorReason[] = [
  'FieldValueRequired',
  'FieldValueTooLong',
  'FieldValueTooMany',
  'FieldValueTypeInvalid',
]

/** What rules say against a value, unless it has errors that keep them from being judged. */
export function ruleErrors(
  schema: Schema,
  value: unknown,
  old: unknown,
  errors: readonly FieldError[],
): FieldError[] {
  if (!hasRules(schema)) return []
  if (errors.some(({ reason }) => BLOCKING.includes(reason))) return [NOT_JUDGED]
  return errorsAt(schema, value, old, '')
}

const NOT_JUDGED: FieldError = {
  reason: 'FieldValueInvalid',
  field: '<nil>',
  message:
    'Invalid value: null: some validation rules were not checked because the object was invalid; correct the existing errors to complete validation',
}

/** Throws the parser's error if an expression is not CEL. */
export function compileExpression(expression: string): Program {
  const evaluate = plan(celEnv({ funcs: KUBERNETES_FUNCTIONS }), parse(expression)) as (
    variables: unknown,
  ) => CelResult
  return variables => evaluate(variables)
}

/** Whether an expression speaks of `oldSelf`, outside its texts. */
export const speaksOfOldSelf = (expression: string): boolean =>
  /\boldSelf\b/.test(expression.replace(/"(?:\\.|[^"\\])*"|'(?:\\.|[^'\\])*'/g, '""'))

const rulesIn = new WeakMap<Schema, boolean>()

function hasRules(schema: Schema): boolean {
  const known = rulesIn.get(schema)
  if (known !== undefined) return known
  rulesIn.set(schema, false)
  const parts = [...Object.values(schema.properties ?? {}), schema.items, schema.additionalProperties]
  const found =
    Boolean(schema['x-kubernetes-validations']?.length) ||
    parts.some(part => typeof part === 'object' && hasRules(part))
  rulesIn.set(schema, found)
  return found
}

function errorsAt(schema: Schema, value: unknown, old: unknown, path: string): FieldError[] {
  if (value === undefined || value === null || !hasRules(schema) || isUnchanged(value, old)) return []
  const errors = ownErrors(schema, value, old, path)
  if (Array.isArray(value)) {
    const items = itemSchema(schema)
    value.forEach((item, i) => {
      errors.push(...errorsAt(items, item, oldItem(schema, old, item), `${path}[${i}]`))
    })
  } else if (isPlainObject(value)) {
    for (const field of Object.keys(value)) {
      const child = childSchema(schema, field)
      if (child)
        errors.push(
          ...errorsAt(child, value[field], oldField(old, field), path === '' ? field : `${path}.${field}`),
        )
    }
  }
  return errors
}

const compiled = new WeakMap<ValidationRule, CompiledRule>()

function compile(rule: ValidationRule): CompiledRule {
  let found = compiled.get(rule)
  if (!found) {
    const message = rule.messageExpression ? compileExpression(rule.messageExpression) : undefined
    found = { rule, holds: compileExpression(rule.rule), message, isTransition: speaksOfOldSelf(rule.rule) }
    compiled.set(rule, found)
  }
  return found
}

function ownErrors(schema: Schema, value: unknown, old: unknown, path: string): FieldError[] {
  const rules = schema['x-kubernetes-validations'] ?? []
  if (rules.length === 0) return []
  const self = celValue(schema, value)
  const oldSelf = old === undefined ? undefined : celValue(schema, old)
  return rules.flatMap(source => {
    const { holds, message, isTransition, rule } = compile(source)
    if (isTransition && oldSelf === undefined && !rule.optionalOldSelf) return []
    const optional = oldSelf === undefined ? [] : [oldSelf]
    const variables = {
      self,
      ...(isTransition ? { oldSelf: rule.optionalOldSelf ? optional : oldSelf } : {}),
    }
    const result = holds(variables)
    if (result === true) return []
    return [
      ruleError(
        rule,
        path,
        value,
        isCelError(result) ? failed(rule, result.message) : said(rule, message, variables),
      ),
    ]
  })
}

const fallback = ({ rule, message }: ValidationRule): string =>
  message?.trim() || `failed rule: ${rule.trim()}`

const failed = (rule: ValidationRule, error: string): string =>
  `${error.replace(/^field not found: /, 'no such key: ')} evaluating rule: ${fallback(rule)}`

function said(
  rule: ValidationRule,
  message: Program | undefined,
  variables: Record<string, unknown>,
): string {
  const text = message?.(variables)
  return typeof text === 'string' && text.trim() !== '' && !text.includes('\n') ? text.trim() : fallback(rule)
}

/** The value is shown only if it is a scalar. */
function ruleError(rule: ValidationRule, path: string, value: unknown, text: string): FieldError {
  const field = (path + (rule.fieldPath ?? '')).replace(/^\./, '') || '<nil>'
  const shown = typeof value === 'object' ? '' : `${JSON.stringify(value)}: `
  switch (rule.reason) {
    case 'FieldValueForbidden':
      return { reason: rule.reason, field, message: `Forbidden: ${text}` }
    case 'FieldValueRequired':
      return { reason: rule.reason, field, message: `Required value: ${text}` }
    case 'FieldValueDuplicate':
      return { reason: rule.reason, field, message: `Duplicate value: ${shown.slice(0, -2)}` }
    default:
      return { reason: 'FieldValueInvalid', field, message: `Invalid value: ${shown}${text}` }
  }
}
