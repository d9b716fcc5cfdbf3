/** What the registry of a ClusterSet consists of, as plain objects: a function of who its members are. */
import {
  apiVersionOf,
  CLUSTER_MANAGER,
  CLUSTER_PROFILES,
  type ClusterProfile,
  CONFIG_MAPS,
  type Credential,
  DEPARTED_NAME,
  firstCredentialName,
  type KubernetesObject,
  LABEL_CLUSTER_MANAGER,
  LABEL_CLUSTERSET,
  LABEL_MANAGED_BY,
  LABEL_READER,
  LOST_MEMBER_POLICY_KEY,
  LOST_MEMBER_POLICY_NAME,
  MANAGER,
  MULTICLUSTER_GROUP,
  memberAccount,
  NAMESPACES,
  type ResourceType,
  SECRETS,
  type Secret,
  secretData,
} from '@isthmus/api'
import type { InstallObject } from '../install/objects.ts'
import {
  type PolicyRule,
  RBAC_GROUP,
  ROLE_BINDINGS,
  ROLES,
  SERVICE_ACCOUNTS,
} from '../install/resource-types.ts'

/** On the objects that exist for one member alone. */
export const LABEL_MEMBER = 'isthmus.dev/member'
/** On the Secret of a first credential, beside {@link LABEL_READER}. */
export const LABEL_PUBLISHER = 'isthmus.dev/publisher'
/** On a ClusterProfile from its first moment, by an administrator: whose it is. A member cannot write it. */
export const ANNOTATION_CLUSTER_UID = 'isthmus.dev/cluster-uid'
export const CREDENTIAL_SECRET_TYPE = 'isthmus.dev/credential'

const MADE_BY_ISTHMUS = { [LABEL_MANAGED_BY]: MANAGER, 'app.kubernetes.io/part-of': 'isthmus' }

/**
 * The namespace, and what is in it while the ClusterSet has no member.
 *
 * @param lostMemberPolicy undefined: it stays what it is
 */
export function registryObjects(
  clusterset: string,
  namespace: string,
  lostMemberPolicy?: string,
): readonly InstallObject[][] {
  const policy =
    lostMemberPolicy === undefined ? {} : { data: { [LOST_MEMBER_POLICY_KEY]: lostMemberPolicy } }
  return [
    [make(NAMESPACES, { name: namespace, labels: { [LABEL_CLUSTERSET]: clusterset } })],
    [
      make(CONFIG_MAPS, { namespace, name: DEPARTED_NAME }),
      make(CONFIG_MAPS, { namespace, name: LOST_MEMBER_POLICY_NAME }, policy),
    ],
  ]
}

/** Whose profile it is stands in it from the first moment: of two clusters with one id, one is told so. */
export function profileObject(namespace: string, clusterId: string, clusterUID: string): ClusterProfile {
  return {
    apiVersion: apiVersionOf(CLUSTER_PROFILES),
    kind: CLUSTER_PROFILES.kind,
    metadata: {
      namespace,
      name: clusterId,
      labels: { ...MADE_BY_ISTHMUS, [LABEL_CLUSTER_MANAGER]: CLUSTER_MANAGER },
      annotations: { [ANNOTATION_CLUSTER_UID]: clusterUID },
    },
    spec: { displayName: clusterId, clusterManager: { name: CLUSTER_MANAGER } },
  }
}

/**
 * What a member has in the registry beside its profile, and what the others may do now that it is there:
 * accounts and Secrets come before what refers to them. Nobody needs to create Secrets, so nobody may.
 *
 * @param members all of them, with the member itself
 */
export function memberObjects(
  namespace: string,
  clusterId: string,
  members: readonly string[],
): readonly InstallObject[][] {
  const account = memberMetadata(namespace, clusterId)
  const peers = members.filter(peer => peer !== clusterId)
  const secret = (publisher: string, reader: string): InstallObject => ({
    type: SECRETS,
    object: firstCredentialSecret(namespace, publisher, reader),
  })
  return [
    [
      memberAccountObject(namespace, clusterId),
      ...peers.flatMap(peer => [secret(clusterId, peer), secret(peer, clusterId)]),
    ],
    memberRoles(namespace, members),
    [
      make(ROLE_BINDINGS, account, {
        roleRef: { apiGroup: RBAC_GROUP, kind: 'Role', name: account.name },
        subjects: [{ kind: 'ServiceAccount', namespace, name: account.name }],
      }),
    ],
  ]
}

/** Alone: its tokens are those of its UID. */
export function memberAccountObject(namespace: string, clusterId: string): InstallObject {
  return make(SERVICE_ACCOUNTS, memberMetadata(namespace, clusterId))
}

/** Of all members: each names the Secrets that lie between it and the others. */
export function memberRoles(namespace: string, members: readonly string[]): InstallObject[] {
  return members.map(id => {
    const peers = members.filter(peer => peer !== id)
    return make(ROLES, memberMetadata(namespace, id), { rules: memberRules(id, peers) })
  })
}

function memberMetadata(namespace: string, clusterId: string) {
  return { namespace, name: memberAccount(clusterId), labels: { [LABEL_MEMBER]: clusterId } }
}

/**
 * What a member may do in the registry. Every rule on Secrets names them: one without names would be a rule
 * on all of them.
 */
export function memberRules(clusterId: string, peers: readonly string[]): PolicyRule[] {
  const secrets = (names: string[], verbs: string[]): PolicyRule[] =>
    names.length === 0 ? [] : [{ apiGroups: [''], resources: ['secrets'], resourceNames: names, verbs }]
  return [
    { apiGroups: [MULTICLUSTER_GROUP], resources: ['clusterprofiles'], verbs: ['get', 'list', 'watch'] },
    {
      apiGroups: [MULTICLUSTER_GROUP],
      resources: ['clusterprofiles/status'],
      resourceNames: [clusterId],
      verbs: ['update', 'patch'],
    },
    {
      apiGroups: [''],
      resources: ['configmaps'],
      resourceNames: [DEPARTED_NAME, LOST_MEMBER_POLICY_NAME],
      verbs: ['get', 'list', 'watch'],
    },
    ...secrets(
      peers.map(peer => firstCredentialName(peer, clusterId)),
      ['get'],
    ),
    // PUT without a resourceVersion: it needs no read, and its answer shows what was written.
    ...secrets(
      peers.map(peer => firstCredentialName(clusterId, peer)),
      ['update'],
    ),
    {
      apiGroups: [''],
      resources: ['serviceaccounts/token'],
      resourceNames: [memberAccount(clusterId)],
      verbs: ['create'],
    },
  ]
}

/** Empty without a credential: as an administrator makes it. With one: as its publisher puts it, whole. */
export function firstCredentialSecret(
  namespace: string,
  publisher: string,
  reader: string,
  credential?: Credential,
): Secret {
  const { object } = make(
    SECRETS,
    {
      namespace,
      name: firstCredentialName(publisher, reader),
      labels: { [LABEL_PUBLISHER]: publisher, [LABEL_READER]: reader },
    },
    { type: CREDENTIAL_SECRET_TYPE, ...(credential === undefined ? {} : secretData(credential)) },
  )
  return object as Secret
}

/** An object as Isthmus makes it, with its labels. */
export function make(
  type: ResourceType,
  { labels, ...metadata }: { namespace?: string; name?: string; labels?: Record<string, string> },
  fields: object = {},
): InstallObject {
  const object: KubernetesObject = {
    apiVersion: apiVersionOf(type),
    kind: type.kind,
    metadata: { ...metadata, labels: { ...MADE_BY_ISTHMUS, ...labels } },
    ...fields,
  }
  return { type, object }
}
