/**
 * What RBAC cannot say: of Services and EndpointSlices the agent changes only those that bear its label, and these
 * are as an import has them. Should its token be stolen, a user's are out of reach, and so is their traffic.
 */
import {
  LABEL_KUBERNETES_SERVICE_NAME,
  LABEL_MANAGED_BY,
  LABEL_SLICE_MANAGED_BY,
  MANAGER,
} from '@isthmus/api'

/** Whether an object, if there is one, bears the label. Written for CEL, so that 1.30 understands it. */
const bearsLabel = (object: 'object' | 'oldObject') =>
  `${object} == null || (has(${object}.metadata.labels) && variables.label in ${object}.metadata.labels && ${object}.metadata.labels[variables.label] == '${MANAGER}')`

/** Spec of the object, of a type that differs: what is not there in one kind is no mistake in another. */
const [spec, oldSpec] = ['dyn(object).spec', 'dyn(oldObject).spec']

/** A derived Service sends traffic for its own addresses to slices of ours. What a person added may stay. */
const isDerivedService = [
  `!has(${spec}.selector)`,
  `(!has(${spec}.type) || ${spec}.type == 'ClusterIP')`,
  `(!has(${spec}.externalIPs) || (oldObject != null && has(${oldSpec}.externalIPs) && ${oldSpec}.externalIPs == ${spec}.externalIPs))`,
].join(' && ')

/** Endpoints for derived Services alone, which end in a hash (see derivedServiceName in packages/core). */
const isForDerivedService = [
  'has(object.metadata.labels)',
  `'${LABEL_KUBERNETES_SERVICE_NAME}' in object.metadata.labels`,
  `object.metadata.labels['${LABEL_KUBERNETES_SERVICE_NAME}'].matches('-[0-9a-f]{10}$')`,
].join(' && ')

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
      {
        expression: `object == null || (request.resource.resource == 'services' ? (${isDerivedService}) : (${isForDerivedService}))`,
        message: 'the agent writes Services and EndpointSlices only as an import has them',
        reason: 'Forbidden',
      },
    ],
  }
}

/** Puts the policy into force. */
export function agentPolicyBindingSpec(policyName: string): object {
  return { policyName, validationActions: ['Deny'] }
}
