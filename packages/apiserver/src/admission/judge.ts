/** What one policy says of one write. */
import type { CelInput } from '@bufbuild/cel'
import { evaluate, type Variables } from './expressions.ts'
import type { AdmissionPolicy, NamedExpression, Validation } from './policy.ts'

/** Something that a policy objects to. */
export interface Objection {
  readonly message: string
  readonly reason: string
}

/** The reason of a validation that names none. */
const DEFAULT_REASON = 'Invalid'

/** What the policy objects to; nothing where its conditions say that it does not apply. */
export function judge({ spec }: AdmissionPolicy, given: Variables): readonly Objection[] {
  const failing = (objection: Objection): readonly Objection[] =>
    spec.failurePolicy === 'Ignore' ? [] : [objection]
  for (const { expression } of spec.matchConditions ?? []) {
    const result = evaluate(expression, given)
    if ('error' in result) return failing(failed(expression, result.error))
    if (result.value !== true) return []
  }
  const scope = withVariables(spec.variables ?? [], given)
  return (spec.validations ?? []).flatMap(validation => {
    const result = scope.evaluate(validation.expression)
    if ('error' in result) return failing(failed(validation.expression, result.error))
    if (result.value === true) return []
    const reason = validation.reason ?? DEFAULT_REASON
    return [{ reason, message: messageOf(validation, scope) }]
  })
}

function failed(expression: string, error: string): Objection {
  return { reason: DEFAULT_REASON, message: `expression '${expression}' resulted in error: ${error}` }
}

interface Scope {
  evaluate(expression: string): ReturnType<typeof evaluate>
}

/** `variables.NAME`: each knows those before it. One that fails is an error only where it is used. */
function withVariables(variables: readonly NamedExpression[], given: Variables): Scope {
  const values = new Map<string, CelInput>()
  const errors = new Map<string, string>()
  const all = { ...given, variables: values }
  const evaluateHere = (expression: string): ReturnType<typeof evaluate> => {
    const result = evaluate(expression, all)
    if (!('error' in result)) return result
    const culprit = [...errors.keys()].find(name => new RegExp(`\\bvariables\\.${name}\\b`).test(expression))
    if (culprit === undefined) return result
    return { error: `composited variable "${culprit}" fails to evaluate: ${errors.get(culprit)}` }
  }
  for (const { name, expression } of variables) {
    const result = evaluateHere(expression)
    if ('error' in result) errors.set(name, result.error)
    else values.set(name, result.value as CelInput)
  }
  return { evaluate: evaluateHere }
}

function messageOf({ expression, message, messageExpression }: Validation, scope: Scope): string {
  const result = messageExpression === undefined ? undefined : scope.evaluate(messageExpression)
  const text = result !== undefined && 'value' in result ? result.value : undefined
  if (typeof text === 'string' && text.trim() !== '' && !text.includes('\n')) return text.trim()
  return message?.trim() || `failed expression: ${expression.trim()}`
}
