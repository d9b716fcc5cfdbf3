/**
 * The roles that every cluster has, as kube-apiserver makes them at its start (those for controllers and
 * the scheduler left out: none of them runs against this server). Data after "Default roles and role
 * bindings" of the Kubernetes documentation and the roles that a 1.36 cluster shows.
 */
import { EVERYTHING, type PolicyRule } from './rules.ts'

export interface BootstrapRole {
  readonly name: string
  readonly rules: readonly PolicyRule[]
  /** Takes in the rules of all roles with this label. */
  readonly aggregates?: string
  /** Is taken in by the role that aggregates this label. */
  readonly label?: string
}

export interface BootstrapBinding {
  readonly role: string
  readonly groups: readonly string[]
  readonly users?: readonly string[]
}

const READ = ['get', 'list', 'watch']
const WRITE = ['create', 'delete', 'deletecollection', 'patch', 'update']
const TO_ADMIN = 'rbac.authorization.k8s.io/aggregate-to-admin'
const TO_EDIT = 'rbac.authorization.k8s.io/aggregate-to-edit'
const TO_VIEW = 'rbac.authorization.k8s.io/aggregate-to-view'

const on = (group: string, verbs: readonly string[], resources: string): PolicyRule => ({
  verbs,
  apiGroups: [group],
  resources: resources.split(' '),
})
const events: PolicyRule = {
  verbs: ['create', 'patch', 'update'],
  apiGroups: ['', 'events.k8s.io'],
  resources: ['events'],
}
const paths = (urls: string): PolicyRule => ({ verbs: ['get'], nonResourceURLs: urls.split(' ') })

export const BOOTSTRAP_ROLES: readonly BootstrapRole[] = [
  { name: 'cluster-admin', rules: EVERYTHING },
  { name: 'admin', rules: [], aggregates: TO_ADMIN },
  { name: 'edit', rules: [], aggregates: TO_EDIT, label: TO_ADMIN },
  { name: 'view', rules: [], aggregates: TO_VIEW, label: TO_EDIT },
  {
    name: 'system:aggregate-to-admin',
    label: TO_ADMIN,
    rules: [
      on('authorization.k8s.io', ['create'], 'localsubjectaccessreviews'),
      on('rbac.authorization.k8s.io', [...WRITE, ...READ], 'rolebindings roles'),
    ],
  },
  {
    name: 'system:aggregate-to-edit',
    label: TO_EDIT,
    rules: [
      on('', READ, 'pods/attach pods/exec pods/portforward pods/proxy secrets services/proxy'),
      on('', ['impersonate'], 'serviceaccounts'),
      on('', WRITE, 'pods pods/attach pods/exec pods/portforward pods/proxy'),
      on('', ['create'], 'pods/eviction'),
      on(
        '',
        WRITE,
        'configmaps events persistentvolumeclaims replicationcontrollers replicationcontrollers/scale secrets serviceaccounts services services/proxy',
      ),
      on('', ['create'], 'serviceaccounts/token'),
      on(
        'apps',
        WRITE,
        'daemonsets deployments deployments/rollback deployments/scale replicasets replicasets/scale statefulsets statefulsets/scale',
      ),
      on('autoscaling', WRITE, 'horizontalpodautoscalers'),
      on('batch', WRITE, 'cronjobs jobs'),
      on('policy', WRITE, 'poddisruptionbudgets'),
      on('networking.k8s.io', WRITE, 'ingresses networkpolicies'),
      on('coordination.k8s.io', [...WRITE, ...READ], 'leases'),
    ],
  },
  {
    name: 'system:aggregate-to-view',
    label: TO_VIEW,
    rules: [
      on(
        '',
        READ,
        'configmaps endpoints persistentvolumeclaims persistentvolumeclaims/status pods replicationcontrollers replicationcontrollers/scale serviceaccounts services services/status',
      ),
      on(
        '',
        READ,
        'bindings events limitranges namespaces/status pods/log pods/status replicationcontrollers/status resourcequotas resourcequotas/status',
      ),
      on('', READ, 'namespaces'),
      on('discovery.k8s.io', READ, 'endpointslices'),
      on(
        'apps',
        READ,
        'controllerrevisions daemonsets daemonsets/status deployments deployments/scale deployments/status replicasets replicasets/scale replicasets/status statefulsets statefulsets/scale statefulsets/status',
      ),
      on('autoscaling', READ, 'horizontalpodautoscalers horizontalpodautoscalers/status'),
      on('batch', READ, 'cronjobs cronjobs/status jobs jobs/status'),
      on('policy', READ, 'poddisruptionbudgets poddisruptionbudgets/status'),
      on('networking.k8s.io', READ, 'ingresses ingresses/status networkpolicies'),
    ],
  },
  {
    name: 'system:basic-user',
    rules: [
      on('authorization.k8s.io', ['create'], 'selfsubjectaccessreviews selfsubjectrulesreviews'),
      on('authentication.k8s.io', ['create'], 'selfsubjectreviews'),
    ],
  },
  {
    name: 'system:discovery',
    rules: [
      paths('/api /api/* /apis /apis/* /healthz /livez /openapi /openapi/* /readyz /version /version/'),
    ],
  },
  { name: 'system:public-info-viewer', rules: [paths('/healthz /livez /readyz /version /version/')] },
  {
    name: 'system:monitoring',
    rules: [paths('/healthz /healthz/* /livez /livez/* /metrics /metrics/slis /readyz /readyz/*')],
  },
  {
    name: 'system:service-account-issuer-discovery',
    rules: [paths('/.well-known/openid-configuration /openid/v1/jwks')],
  },
  {
    name: 'system:auth-delegator',
    rules: [
      on('authentication.k8s.io', ['create'], 'tokenreviews'),
      on('authorization.k8s.io', ['create'], 'subjectaccessreviews'),
    ],
  },
  {
    name: 'system:kube-dns',
    rules: [on('', ['list', 'watch'], 'endpoints services')],
  },
  {
    name: 'system:node-proxier',
    rules: [
      on('', ['list', 'watch'], 'endpoints services'),
      on('', READ, 'nodes'),
      events,
      on('discovery.k8s.io', ['list', 'watch'], 'endpointslices'),
    ],
  },
]

const AUTHENTICATED = 'system:authenticated'

export const BOOTSTRAP_BINDINGS: readonly BootstrapBinding[] = [
  { role: 'cluster-admin', groups: ['system:masters'] },
  { role: 'system:basic-user', groups: [AUTHENTICATED] },
  { role: 'system:discovery', groups: [AUTHENTICATED] },
  { role: 'system:public-info-viewer', groups: [AUTHENTICATED, 'system:unauthenticated'] },
  { role: 'system:monitoring', groups: ['system:monitoring'] },
  { role: 'system:service-account-issuer-discovery', groups: ['system:serviceaccounts'] },
  { role: 'system:node-proxier', groups: [], users: ['system:kube-proxy'] },
]
