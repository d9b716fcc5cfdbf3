/** What the agent and its peers may do: no more than they do. */
import { ISTHMUS_GROUP, MULTICLUSTER_GROUP, READER_SLOTS, readerName } from '@isthmus/api'
import { type PolicyRule, RBAC_GROUP } from './resource-types.ts'

/** What is watched is also read one by one: after a break, the last change that was seen (see Witness in packages/kube). */
const READ = ['get', 'list', 'watch']
const WRITE = ['create', 'update', 'delete']
const EXCHANGE_KINDS = ['exportindexes', 'exportedservices', 'exportedendpoints']

/** The agent, in the whole cluster: Services and their imports live in every namespace. */
export const AGENT_CLUSTER_RULES: PolicyRule[] = [
  { apiGroups: [''], resources: ['namespaces'], verbs: READ },
  { apiGroups: [''], resources: ['services'], verbs: [...READ, ...WRITE] },
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices'], verbs: [...READ, ...WRITE] },
  // OpenShift lets only its holders write addresses of pods into EndpointSlices.
  { apiGroups: ['discovery.k8s.io'], resources: ['endpointslices/restricted'], verbs: ['create'] },
  { apiGroups: [MULTICLUSTER_GROUP], resources: ['serviceexports'], verbs: READ },
  { apiGroups: [MULTICLUSTER_GROUP], resources: ['serviceimports'], verbs: [...READ, ...WRITE] },
  {
    apiGroups: [MULTICLUSTER_GROUP],
    resources: ['serviceexports/status', 'serviceimports/status'],
    verbs: ['update'],
  },
  // The id of a member does not change, so there is nothing to update.
  { apiGroups: ['about.k8s.io'], resources: ['clusterproperties'], verbs: ['get', 'list', 'create'] },
  // To tell a kind that is not installed, or was removed, from one without objects.
  {
    apiGroups: ['apiextensions.k8s.io'],
    resources: ['customresourcedefinitions'],
    resourceNames: [
      `serviceexports.${MULTICLUSTER_GROUP}`,
      `serviceimports.${MULTICLUSTER_GROUP}`,
      'clusterproperties.about.k8s.io',
      ...EXCHANGE_KINDS.map(plural => `${plural}.${ISTHMUS_GROUP}`),
    ],
    verbs: ['get'],
  },
  // Where it is installed, which is noted there.
  {
    apiGroups: [RBAC_GROUP],
    resources: ['clusterroles'],
    resourceNames: ['isthmus-agent'],
    verbs: ['get'],
  },
  // What this cluster takes from others; an administrator's, and only read.
  { apiGroups: [ISTHMUS_GROUP], resources: ['importpolicies'], verbs: READ },
  // Which addresses are this cluster's own, so that no other member can announce them. Works without.
  { apiGroups: [''], resources: ['nodes'], verbs: READ },
  { apiGroups: ['networking.k8s.io'], resources: ['servicecidrs'], verbs: READ },
  { apiGroups: ['events.k8s.io'], resources: ['events'], verbs: ['create', 'patch'] },
]

/** The agent, in the exchange of its own cluster: what it publishes, its heartbeat, and who may read it. */
export const AGENT_EXCHANGE_RULES: PolicyRule[] = [
  { apiGroups: [ISTHMUS_GROUP], resources: ['exportindexes'], verbs: [...READ, 'create', 'update'] },
  {
    apiGroups: [ISTHMUS_GROUP],
    resources: ['exportedservices', 'exportedendpoints'],
    verbs: [...READ, ...WRITE],
  },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: [...READ, 'create', 'patch'] },
  // Kubernetes lets it give readers nothing that it may not do here itself.
  { apiGroups: [''], resources: ['serviceaccounts'], verbs: ['get', 'list', 'create', 'delete'] },
  { apiGroups: [RBAC_GROUP], resources: ['roles'], verbs: ['get', ...WRITE] },
  { apiGroups: [RBAC_GROUP], resources: ['rolebindings'], verbs: ['get', 'create', 'delete'] },
  { apiGroups: [''], resources: ['secrets'], verbs: [...READ, ...WRITE, 'patch'] },
  // Of readers alone: a token of another account here would be worth what that account is.
  {
    apiGroups: [''],
    resources: ['serviceaccounts/token'],
    resourceNames: Array.from({ length: READER_SLOTS }, (_, index) => readerName(index + 1)),
    verbs: ['create'],
  },
]

/** The agent, in its own namespace: its membership, its links and its leader lease. */
export const AGENT_NAMESPACE_RULES: PolicyRule[] = [
  { apiGroups: [''], resources: ['configmaps'], verbs: [...READ, 'create', 'patch', 'delete'] },
  { apiGroups: [''], resources: ['secrets'], verbs: [...READ, ...WRITE] },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: ['get', 'create', 'update'] },
]

/** A peer: reads the exchange, and nothing else. */
export const READER_RULES: PolicyRule[] = [
  { apiGroups: [ISTHMUS_GROUP], resources: EXCHANGE_KINDS, verbs: READ },
  { apiGroups: ['coordination.k8s.io'], resources: ['leases'], verbs: READ },
]

/** CoreDNS with `multicluster` in its kubernetes plugin, beside what its own role has. */
export const COREDNS_RULES: PolicyRule[] = [
  { apiGroups: [MULTICLUSTER_GROUP], resources: ['serviceimports'], verbs: ['list', 'watch'] },
]
