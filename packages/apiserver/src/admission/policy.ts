/** The fields of `admissionregistration.k8s.io/v1` policies that decide. */
import type { StoredObject } from '../registry/definition.ts'
import type { LabelSelector } from '../selectors/label-selector.ts'

export const ADMISSION_GROUP = 'admissionregistration.k8s.io'
export const POLICIES = { group: ADMISSION_GROUP, plural: 'validatingadmissionpolicies' }
export const POLICY_BINDINGS = { group: ADMISSION_GROUP, plural: 'validatingadmissionpolicybindings' }

export interface ResourceRule {
  readonly apiGroups?: readonly string[]
  readonly apiVersions?: readonly string[]
  readonly operations?: readonly string[]
  readonly resources?: readonly string[]
  readonly resourceNames?: readonly string[]
  readonly scope?: string
}

export interface MatchResources {
  readonly matchPolicy?: 'Exact' | 'Equivalent'
  readonly namespaceSelector?: LabelSelector
  readonly objectSelector?: LabelSelector
  readonly resourceRules?: readonly ResourceRule[]
  readonly excludeResourceRules?: readonly ResourceRule[]
}

export interface NamedExpression {
  readonly name: string
  readonly expression: string
}

export interface Validation {
  readonly expression: string
  readonly message?: string
  readonly messageExpression?: string
  readonly reason?: string
}

export interface AdmissionPolicy extends StoredObject {
  readonly spec: {
    readonly failurePolicy?: 'Fail' | 'Ignore'
    readonly paramKind?: object
    readonly matchConstraints?: MatchResources
    readonly matchConditions?: readonly NamedExpression[]
    readonly variables?: readonly NamedExpression[]
    readonly validations?: readonly Validation[]
    readonly auditAnnotations?: readonly { readonly key: string; readonly valueExpression: string }[]
  }
}

export interface AdmissionPolicyBinding extends StoredObject {
  readonly spec: {
    readonly policyName: string
    readonly paramRef?: { readonly name?: string; readonly namespace?: string }
    readonly matchResources?: MatchResources
    readonly validationActions?: readonly ('Deny' | 'Warn' | 'Audit')[]
  }
}
