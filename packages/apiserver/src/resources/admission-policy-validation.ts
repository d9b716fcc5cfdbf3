/** What kube-apiserver has against a ValidatingAdmissionPolicy or its binding, types of expressions aside. */
import { objectionToExpression } from '../admission/expressions.ts'
import type {
  AdmissionPolicy,
  AdmissionPolicyBinding,
  MatchResources,
  NamedExpression,
  ResourceRule,
  Validation,
} from '../admission/policy.ts'
import { duplicate, type FieldError, invalid, notSupported, required } from '../registry/field-error.ts'
import { labelKeyErrors, subdomainErrors } from '../registry/names.ts'

const OPERATIONS = ['*', 'CONNECT', 'CREATE', 'DELETE', 'UPDATE']
const SCOPES = ['*', 'Cluster', 'Namespaced']
const REASONS = ['Forbidden', 'Invalid', 'RequestEntityTooLarge']
const ACTIONS = ['Audit', 'Deny', 'Warn']
const NOTHING_TO_JUDGE = 'validations or auditAnnotations must contain at least one item'
const DENY_AND_WARN =
  'must not contain both Deny and Warn (repeating the same validation failure information in the API response and headers serves no purpose)'

export function policyErrors({ spec }: AdmissionPolicy): FieldError[] {
  const { failurePolicy, matchConstraints, matchConditions = [], variables = [], validations = [] } = spec
  const { auditAnnotations = [] } = spec
  return [
    ...oneOf('spec.failurePolicy', failurePolicy, ['Fail', 'Ignore']),
    ...matchConditions.flatMap((condition, i) => conditionErrors(condition, i, matchConditions)),
    ...constraintErrors(matchConstraints),
    ...variables.flatMap(variableErrors),
    ...(validations.length + auditAnnotations.length === 0
      ? [required('spec.validations', NOTHING_TO_JUDGE), required('spec.auditAnnotations', NOTHING_TO_JUDGE)]
      : []),
    ...validations.flatMap(validationErrors),
  ]
}

export function bindingErrors({ spec }: AdmissionPolicyBinding): FieldError[] {
  const { policyName = '', validationActions = [], matchResources } = spec
  const field = 'spec.validationActions'
  return [
    ...(policyName === ''
      ? [required('spec.policyName')]
      : subdomainErrors(policyName).map(error => invalid('spec.policyName', policyName, error))),
    ...matchErrors('spec.matchResources', matchResources),
    ...(validationActions.length === 0
      ? [required(field, 'at least one validation action is required')]
      : []),
    ...validationActions.flatMap((action, i) => [
      ...oneOf(`${field}[${i}]`, action, ACTIONS),
      ...repeated(`${field}[${i}]`, action, i, validationActions),
    ]),
    ...(validationActions.includes('Deny') && validationActions.includes('Warn')
      ? [invalid(field, validationActions, DENY_AND_WARN)]
      : []),
  ]
}

function constraintErrors(match: MatchResources | undefined): FieldError[] {
  const field = 'spec.matchConstraints'
  if (match === undefined) return [required(field)]
  return [
    ...matchErrors(field, match),
    ...(match.resourceRules?.length ? [] : [required(`${field}.resourceRules`)]),
  ]
}

function matchErrors(field: string, match: MatchResources = {}): FieldError[] {
  return [
    ...oneOf(`${field}.matchPolicy`, match.matchPolicy, ['Equivalent', 'Exact']),
    ...(['resourceRules', 'excludeResourceRules'] as const).flatMap(list =>
      (match[list] ?? []).flatMap((rule, i) => ruleErrors(`${field}.${list}[${i}]`, rule)),
    ),
  ]
}

function ruleErrors(field: string, rule: ResourceRule): FieldError[] {
  const {
    operations = [],
    apiGroups = [],
    apiVersions = [],
    resources = [],
    resourceNames = [],
    scope,
  } = rule
  const whole = resources.filter(resource => !resource.includes('/'))
  return [
    ...(operations.length === 0 ? [required(`${field}.operations`)] : []),
    ...starAlone(`${field}.operations`, operations, 'operations'),
    ...operations.flatMap((operation, i) => oneOf(`${field}.operations[${i}]`, operation, OPERATIONS)),
    ...(apiGroups.length === 0 ? [required(`${field}.apiGroups`)] : []),
    ...starAlone(`${field}.apiGroups`, apiGroups, 'API groups'),
    ...(apiVersions.length === 0 ? [required(`${field}.apiVersions`)] : []),
    ...starAlone(`${field}.apiVersions`, apiVersions, 'API versions'),
    ...apiVersions.flatMap((version, i) => (version === '' ? [required(`${field}.apiVersions[${i}]`)] : [])),
    ...(resources.length === 0 ? [required(`${field}.resources`)] : []),
    ...(whole.includes('*') && whole.length > 1
      ? [
          invalid(
            `${field}.resources`,
            resources,
            "if '*' is present, must not specify other resources without subresources",
          ),
        ]
      : []),
    ...oneOf(`${field}.scope`, scope, SCOPES),
    ...resourceNames.flatMap((name, i) => repeated(`${field}.resourceNames[${i}]`, name, i, resourceNames)),
  ]
}

function conditionErrors(
  { name = '', expression = '' }: NamedExpression,
  index: number,
  all: readonly NamedExpression[],
): FieldError[] {
  const field = `spec.matchConditions[${index}]`
  const names = all.map(condition => condition.name)
  return [
    ...(expression.trim() === ''
      ? [required(`${field}.expression`)]
      : expressionErrors(`${field}.expression`, expression)),
    ...(name === ''
      ? [required(`${field}.name`)]
      : labelKeyErrors(name).map(error => invalid(`${field}.name`, name, error))),
    ...(name === '' ? [] : repeated(`${field}.name`, name, index, names)),
  ]
}

function variableErrors({ name = '', expression = '' }: NamedExpression, index: number): FieldError[] {
  const field = `spec.variables[${index}]`
  const named =
    name === ''
      ? [required(`${field}.name`, 'name is not specified')]
      : /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)
        ? []
        : [invalid(`${field}.name`, name, 'must be a valid CEL identifier')]
  return [...named, ...givenExpressionErrors(`${field}.expression`, expression)]
}

function validationErrors(validation: Validation, index: number): FieldError[] {
  const { expression = '', message, messageExpression, reason } = validation
  const field = `spec.validations[${index}]`
  return [
    ...givenExpressionErrors(`${field}.expression`, expression),
    ...(messageExpression === undefined
      ? []
      : expressionErrors(`${field}.messageExpression`, messageExpression)),
    ...(message?.includes('\n')
      ? [invalid(`${field}.message`, message, 'must not contain line breaks')]
      : []),
    ...oneOf(`${field}.reason`, reason, REASONS),
  ]
}

function givenExpressionErrors(field: string, expression: string): FieldError[] {
  return expression.trim() === ''
    ? [required(field, 'expression is not specified')]
    : expressionErrors(field, expression)
}

function expressionErrors(field: string, expression: string): FieldError[] {
  const objection = objectionToExpression(expression)
  return objection === undefined ? [] : [invalid(field, expression, objection)]
}

function starAlone(field: string, values: readonly string[], what: string): FieldError[] {
  return values.includes('*') && values.length > 1
    ? [invalid(field, values, `if '*' is present, must not specify other ${what}`)]
    : []
}

function oneOf(field: string, value: string | undefined, supported: readonly string[]): FieldError[] {
  return value === undefined || supported.includes(value) ? [] : [notSupported(field, value, supported)]
}

function repeated(field: string, value: string, index: number, values: readonly string[]): FieldError[] {
  return values.indexOf(value) < index ? [duplicate(field, value)] : []
}
