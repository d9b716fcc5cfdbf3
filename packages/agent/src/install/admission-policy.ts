/**
 * What RBAC cannot say: of Services and EndpointSlices the agent changes only those that bear its label. Should its
 * token be stolen, a user's are out of reach.
 */
import { LABEL_MANAGED_BY, LABEL_SLICE_MANAGED_BY, MANAGER } from '@isthmus/api'

/** Whether an object, if there is one, bears the label. Written for CEL, so that 1.30 understands it. */
const bearsLabel = (object: 'object' | 'oldObject') =>
  `${object} == null || (has(${object}.metadata.labels) && variables.label in ${object}.metadata.labels && ${object}.metadata.labels[variables.label] == '${MANAGER}')`

const rule = (group: string, resource: string) => ({
  apiGroups: [group],
  apiVersions: ['v1'],
  operations: ['CREATE', 'UPDATE', 'DELETE'],
  resources: [resource],
  scope: '*',
})

/** Spec of the ValidatingAdmissionPolicy. What the API server would fill in is said, so that it can be compared. */
export function agentPolicySpec(account: { namespace: string; name: string }): object {
  const username = `system:serviceaccount:${account.namespace}:${account.name}`
  return {
    failurePolicy: 'Fail',
    matchConstraints: {
      matchPolicy: 'Equivalent',
      namespaceSelector: {},
      objectSelector: {},
      resourceRules: [rule('', 'services'), rule('discovery.k8s.io', 'endpointslices')],
    },
    matchConditions: [{ name: 'agent', expression: `request.userInfo.username == '${username}'` }],
    variables: [
      {
        name: 'label',
        expression: `request.resource.resource == 'services' ? '${LABEL_MANAGED_BY}' : '${LABEL_SLICE_MANAGED_BY}'`,
      },
    ],
    validations: [
      {
        expression: bearsLabel('oldObject'),
        messageExpression: `'the agent changes only what bears the label ' + variables.label + '=${MANAGER}'`,
        reason: 'Forbidden',
      },
      {
        expression: bearsLabel('object'),
        messageExpression: `'what the agent writes has to bear the label ' + variables.label + '=${MANAGER}'`,
        reason: 'Forbidden',
      },
    ],
  }
}

/** Puts the policy into force. */
export function agentPolicyBindingSpec(policyName: string): object {
  return { policyName, validationActions: ['Deny'] }
}
