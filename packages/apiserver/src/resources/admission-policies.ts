/** `admissionregistration.k8s.io/v1`: the policies as documents. What they do is in src/admission. */
import {
  ADMISSION_GROUP,
  type AdmissionPolicy,
  type AdmissionPolicyBinding,
  POLICIES,
  POLICY_BINDINGS,
} from '../admission/policy.ts'
import type { ResourceDefinition, StoredObject } from '../registry/definition.ts'
import { AGE_COLUMN, column, NAME_COLUMN } from '../representations/columns.ts'
import { bindingErrors, policyErrors } from './admission-policy-validation.ts'
import { type BuiltIn, builtIn } from './built-in.ts'

const CLUSTER_WIDE: Partial<BuiltIn> = {
  namespaced: false,
  hasGeneration: true,
  categories: ['api-extensions'],
}

type Fields = Record<string, unknown>

function fillMatch(match: Fields | undefined): void {
  if (match === undefined) return
  match.matchPolicy ??= 'Equivalent'
  match.namespaceSelector ??= {}
  match.objectSelector ??= {}
  for (const list of ['resourceRules', 'excludeResourceRules']) {
    for (const rule of (match[list] ?? []) as Fields[]) rule.scope ??= '*'
  }
}

const specOf = (object: StoredObject): Fields => {
  object.spec ??= {}
  return object.spec as Fields
}

const paramKind = (object: StoredObject): string => {
  const { apiVersion, kind } = ((object as AdmissionPolicy).spec.paramKind ?? {}) as Record<string, string>
  return kind === undefined ? '<unset>' : `${apiVersion}/${kind}`
}

const paramRef = (object: StoredObject): string => {
  const { name, namespace } = (object as AdmissionPolicyBinding).spec.paramRef ?? {}
  if (name === undefined) return '<unset>'
  return namespace === undefined ? name : `${namespace}/${name}`
}

export const admissionPolicies: readonly ResourceDefinition[] = [
  builtIn({
    ...CLUSTER_WIDE,
    ...POLICIES,
    kind: 'ValidatingAdmissionPolicy',
    status: true,
    columns: [
      NAME_COLUMN,
      column(
        'Validations',
        'How many rules it has.',
        object => (object as AdmissionPolicy).spec.validations?.length ?? 0,
        { type: 'integer' },
      ),
      column('ParamKind', 'The kind of its parameters.', paramKind),
      AGE_COLUMN,
    ],
    rules: {
      fill(object) {
        const spec = specOf(object)
        spec.failurePolicy ??= 'Fail'
        fillMatch(spec.matchConstraints as Fields | undefined)
      },
      prepare(object, old) {
        if (old === undefined) object.status = {}
      },
      validate: object => policyErrors(object as AdmissionPolicy),
    },
  }),
  builtIn({
    ...CLUSTER_WIDE,
    ...POLICY_BINDINGS,
    group: ADMISSION_GROUP,
    kind: 'ValidatingAdmissionPolicyBinding',
    columns: [
      NAME_COLUMN,
      column(
        'PolicyName',
        'The policy that it puts into force.',
        object => (object as AdmissionPolicyBinding).spec.policyName,
      ),
      column('ParamRef', 'The parameters of the policy.', paramRef),
      AGE_COLUMN,
    ],
    rules: {
      fill(object) {
        fillMatch(specOf(object).matchResources as Fields | undefined)
      },
      validate: object => bindingErrors(object as AdmissionPolicyBinding),
    },
  }),
]
