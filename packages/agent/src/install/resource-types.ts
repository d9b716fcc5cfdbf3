/** Kinds that only an installation writes: who may do what. */
import type { KubernetesObject, ResourceType } from '@isthmus/api'

export interface PolicyRule {
  apiGroups: string[]
  resources: string[]
  verbs: string[]
  resourceNames?: string[]
}

export interface Role extends KubernetesObject {
  rules: PolicyRule[]
}

export interface RoleBinding extends KubernetesObject {
  roleRef: { apiGroup: 'rbac.authorization.k8s.io'; kind: 'Role' | 'ClusterRole'; name: string }
  subjects: { kind: 'ServiceAccount'; namespace: string; name: string }[]
}

export const RBAC_GROUP = 'rbac.authorization.k8s.io'

const rbac = <T extends KubernetesObject>(
  plural: string,
  kind: string,
  namespaced: boolean,
): ResourceType<T> => ({
  group: RBAC_GROUP,
  version: 'v1',
  plural,
  kind,
  namespaced,
})

export const CLUSTER_ROLES = rbac<Role>('clusterroles', 'ClusterRole', false)
export const CLUSTER_ROLE_BINDINGS = rbac<RoleBinding>('clusterrolebindings', 'ClusterRoleBinding', false)
export const ROLES = rbac<Role>('roles', 'Role', true)
export const ROLE_BINDINGS = rbac<RoleBinding>('rolebindings', 'RoleBinding', true)

const admission = (plural: string, kind: string): ResourceType => ({
  group: 'admissionregistration.k8s.io',
  version: 'v1',
  plural,
  kind,
  namespaced: false,
})

export const ADMISSION_POLICIES = admission('validatingadmissionpolicies', 'ValidatingAdmissionPolicy')
export const ADMISSION_POLICY_BINDINGS = admission(
  'validatingadmissionpolicybindings',
  'ValidatingAdmissionPolicyBinding',
)

export const SERVICE_ACCOUNTS: ResourceType = {
  group: '',
  version: 'v1',
  plural: 'serviceaccounts',
  kind: 'ServiceAccount',
  namespaced: true,
}
