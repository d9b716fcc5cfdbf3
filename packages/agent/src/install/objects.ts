/** All that is installed into a cluster, as plain objects. */
import {
  AGENT_NAMESPACE,
  apiVersionOf,
  CUSTOM_RESOURCE_DEFINITIONS,
  EXCHANGE_NAMESPACE,
  type KubernetesObject,
  LABEL_MANAGED_BY,
  MANAGER,
  NAMESPACES,
  type ResourceType,
} from '@isthmus/api'
import { agentPolicyBindingSpec, agentPolicySpec } from './admission-policy.ts'
import { customResourceDefinitions } from './definitions.ts'
import {
  AGENT_CLUSTER_RULES,
  AGENT_EXCHANGE_RULES,
  AGENT_NAMESPACE_RULES,
  COREDNS_RULES,
  READER_RULES,
} from './permissions.ts'
import {
  ADMISSION_POLICIES,
  ADMISSION_POLICY_BINDINGS,
  CLUSTER_ROLE_BINDINGS,
  CLUSTER_ROLES,
  RBAC_GROUP,
  ROLE_BINDINGS,
  ROLES,
  SERVICE_ACCOUNTS,
} from './resource-types.ts'

export interface InstallSelection {
  /** Where the agent runs; default `isthmus-system`. */
  agentNamespace?: string | undefined
  /** Where it publishes; default `isthmus-exchange`. */
  exchangeNamespace?: string | undefined
  /** Also let kube-system/coredns read ServiceImports. */
  coredns?: boolean | undefined
}

export interface InstallObject {
  readonly type: ResourceType
  readonly object: KubernetesObject
  /** What to tell where the API server does not serve the kind; without it that is a failure. */
  readonly ifNotServed?: string
}

/** Name of the agent's ServiceAccount, roles and bindings. */
export const AGENT_NAME = 'isthmus-agent'
/** Name of the ServiceAccount, in the exchange, whose token is given to peers, and of its role. */
export const READER_NAME = 'isthmus-reader'
/** On the agent's ClusterRole: where the rest lies, see `installedNamespaces`. */
export const ANNOTATION_AGENT_NAMESPACE = 'isthmus.dev/agent-namespace'
export const ANNOTATION_EXCHANGE_NAMESPACE = 'isthmus.dev/exchange-namespace'

/** ValidatingAdmissionPolicy is served from Kubernetes 1.30 on. */
const BEFORE_POLICIES = 'not served by this API server: RBAC alone says what the agent may do'

/** Three steps, each made when the one before is done: kinds, namespaces, and what lies in them. */
export type InstallStages = readonly [
  definitions: readonly InstallObject[],
  namespaces: readonly InstallObject[],
  accounts: readonly InstallObject[],
]

/** What an installation consists of. */
export function installObjects(selection: InstallSelection = {}): InstallStages {
  const home = selection.agentNamespace ?? AGENT_NAMESPACE
  const exchange = selection.exchangeNamespace ?? EXCHANGE_NAMESPACE
  const agent = { namespace: home, name: AGENT_NAME }
  const reader = { namespace: exchange, name: READER_NAME }
  const coredns = { namespace: 'kube-system', name: 'coredns' }
  const namespaces = [...new Set([home, exchange])]
  const annotations = { [ANNOTATION_AGENT_NAMESPACE]: home, [ANNOTATION_EXCHANGE_NAMESPACE]: exchange }
  return [
    customResourceDefinitions().map(object => ({ type: CUSTOM_RESOURCE_DEFINITIONS, object })),
    namespaces.map(name => make(NAMESPACES, { name })),
    [
      make(SERVICE_ACCOUNTS, agent),
      make(CLUSTER_ROLES, { name: AGENT_NAME, annotations }, { rules: AGENT_CLUSTER_RULES }),
      make(CLUSTER_ROLE_BINDINGS, { name: AGENT_NAME }, bind('ClusterRole', AGENT_NAME, agent)),
      make(ROLES, agent, { rules: AGENT_NAMESPACE_RULES }),
      make(ROLE_BINDINGS, agent, bind('Role', AGENT_NAME, agent)),
      make(ROLES, { namespace: exchange, name: `${AGENT_NAME}-publisher` }, { rules: AGENT_EXCHANGE_RULES }),
      make(
        ROLE_BINDINGS,
        { namespace: exchange, name: `${AGENT_NAME}-publisher` },
        bind('Role', `${AGENT_NAME}-publisher`, agent),
      ),
      ...[
        make(ADMISSION_POLICIES, { name: AGENT_NAME }, { spec: agentPolicySpec(agent) }),
        make(ADMISSION_POLICY_BINDINGS, { name: AGENT_NAME }, { spec: agentPolicyBindingSpec(AGENT_NAME) }),
      ].map(policy => ({ ...policy, ifNotServed: BEFORE_POLICIES })),
      make(SERVICE_ACCOUNTS, reader),
      make(ROLES, reader, { rules: READER_RULES }),
      make(ROLE_BINDINGS, reader, bind('Role', READER_NAME, reader)),
      ...(selection.coredns === true
        ? [
            make(CLUSTER_ROLES, { name: 'isthmus-coredns' }, { rules: COREDNS_RULES }),
            make(
              CLUSTER_ROLE_BINDINGS,
              { name: 'isthmus-coredns' },
              bind('ClusterRole', 'isthmus-coredns', coredns),
            ),
          ]
        : []),
    ],
  ]
}

function make(
  type: ResourceType,
  metadata: { namespace?: string; name: string; annotations?: Record<string, string> },
  fields: object = {},
): InstallObject {
  return {
    type,
    object: {
      apiVersion: apiVersionOf(type),
      kind: type.kind,
      metadata: {
        ...metadata,
        labels: { [LABEL_MANAGED_BY]: MANAGER, 'app.kubernetes.io/part-of': 'isthmus' },
      },
      ...fields,
    },
  }
}

function bind(kind: 'Role' | 'ClusterRole', name: string, account: { namespace: string; name: string }) {
  return {
    roleRef: { apiGroup: RBAC_GROUP, kind, name },
    subjects: [{ kind: 'ServiceAccount', ...account }],
  }
}
