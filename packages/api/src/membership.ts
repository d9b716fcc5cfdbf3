/**
 * Who is a member of a ClusterSet, and what members know of each other: the objects of the registry, and of
 * each member's own cluster.
 */
import type { ConfigMap, Secret } from './other-kinds.ts'

/** Of a ClusterProfile and its access provider: who manages the cluster (KEP-4322). */
export const CLUSTER_MANAGER = 'isthmus.dev'
export const LABEL_CLUSTER_MANAGER = 'x-k8s.io/cluster-manager'

/** In a ClusterProfile's `status.properties`, beside {@link PROPERTY_CLUSTER_ID} and {@link PROPERTY_CLUSTERSET}. Lists are joined by commas. */
export const PROFILE_PROPERTIES = {
  podCIDRs: 'pod-cidrs.isthmus.dev',
  nodeCIDRs: 'node-cidrs.isthmus.dev',
  serviceCIDRs: 'service-cidrs.isthmus.dev',
  ipFamilies: 'ip-families.isthmus.dev',
  /** The UID of the namespace kube-system: tells a cluster that joins again from another one with its id. */
  clusterUID: 'cluster-uid.isthmus.dev',
  exchangeNamespace: 'exchange-namespace.isthmus.dev',
  version: 'isthmus-version.isthmus.dev',
} as const

/** The property in which a member says how it sees a peer: `connected`, or `<state>: <reason>`. */
export function linkProperty(peer: string): string {
  return `${peer}.link.isthmus.dev`
}

/** On a ClusterProfile, by an administrator: its peers are to issue new first credentials, and it for them. RFC 3339. */
export const ANNOTATION_RELINK_REQUESTED = 'isthmus.dev/relink-requested'

/** In the registry's namespace: members that have left. Key `<cluster id>.<UID of its profile>`, value RFC 3339. */
export const DEPARTED_NAME = 'departed'

/**
 * In the registry's namespace: the ClusterSet's policy for lost members, as text under {@link LOST_MEMBER_POLICY_KEY};
 * without the key, it has none. In the namespace of each agent: a copy, so that the registry may be gone.
 */
export const LOST_MEMBER_POLICY_NAME = 'lost-member-policy'
export const LOST_MEMBER_POLICY_KEY = 'policy'

/** Namespace that `isthmus init` makes for a ClusterSet. */
export function registryNamespace(clusterset: string): string {
  return `clusterset-${clusterset}`
}

/** ServiceAccount, Role and RoleBinding of a member in the registry. */
export function memberAccount(clusterId: string): string {
  return `member-${clusterId}`
}

/** The Secret in the registry that carries the first credential of a reader for a publisher's exchange. */
export function firstCredentialName(publisher: string, reader: string): string {
  return `${publisher}.for.${reader}`
}

/** How one member reads another's exchange. */
export interface Credential {
  readonly publisher: string
  readonly reader: string
  /** ServiceAccount in the publisher's exchange, and the name of the Secret there that brings the next one. */
  readonly account: string
  /** The exchange. */
  readonly namespace: string
  readonly token: string
  /** RFC 3339, as the publisher's API server answered. */
  readonly expiresAt: string
  readonly issuedAt: string
  readonly server: string
  /** PEM; absent: the system's authorities. */
  readonly certificateAuthority?: string
  readonly tlsServerName?: string
}

/** In a member's exchange: ServiceAccount, Role, RoleBinding and Secret of one reader. Slots are numbered from 1. */
export const READER_SLOTS = 500
export function readerName(slot: number): string {
  return `reader-${slot}`
}
/** On a reader's objects: the cluster id that reads. */
export const LABEL_READER = 'isthmus.dev/reader'
/** On a reader's objects: the UID of the ClusterProfile that it was made for. */
export const ANNOTATION_READER_PROFILE = 'isthmus.dev/reader-profile'

/** In the agent's namespace: how it reaches the registry (a {@link RegistryAccess}). */
export const REGISTRY_SECRET_NAME = 'registry'
/** In the agent's namespace: what this cluster is a member of (a {@link MembershipRecord}). */
export const MEMBERSHIP_NAME = 'membership'
/** In the agent's namespace: whether the registry can be read, for people (a {@link RegistryNoteData}). */
export const REGISTRY_NOTE_NAME = 'registry'
/** In the agent's namespace: one pinned peer (a {@link PinnedPeer}). */
export function peerSecretName(clusterId: string): string {
  return `peer-${clusterId}`
}
export const LABEL_PEER = 'isthmus.dev/peer'

/** As the agent that leads sees the registry: data of a ConfigMap. Secrets are for no reader but the agent. */
export interface RegistryNoteData {
  readonly server: string
  readonly state: 'reachable' | 'unreachable'
  /** Why it cannot be read; else empty. */
  readonly reason: string
  /** RFC 3339. */
  readonly since: string
}

export interface RegistryAccess {
  readonly server: string
  readonly certificateAuthority?: string
  readonly tlsServerName?: string
  readonly namespace: string
  /** Of the ServiceAccount {@link memberAccount}; renewed by its bearer. */
  readonly token: string
  readonly expiresAt: string
  readonly issuedAt: string
}

/** How other clusters reach this one's API server. */
export interface ApiAccess {
  readonly server: string
  readonly certificateAuthority?: string
  readonly tlsServerName?: string
}

export interface MembershipRecord {
  readonly clusterset: string
  readonly clusterId: string
  /** Of its own ClusterProfile. */
  readonly profileUID: string
  readonly joinedAt: string
  readonly state: 'member' | 'leaving'
  /** RFC 3339: since when its agent knows that an administrator of the registry removed it. */
  readonly removedAt?: string
  readonly access: ApiAccess
  /** What its profile says that the agent does not find out by itself. */
  readonly profile?: {
    readonly podCIDRs: readonly string[]
    readonly nodeCIDRs: readonly string[]
    readonly serviceCIDRs: readonly string[]
    readonly ipFamilies: readonly string[]
  }
}

/** What was believed of a peer when it was first seen. Only the peer's own link, or an administrator, changes it. */
export interface PinnedPeer {
  readonly clusterId: string
  readonly profileUID: string
  readonly access: ApiAccess
  readonly exchangeNamespace: string
  readonly pinnedAt: string
  /** Absent until the first one has come. */
  readonly credential?: Credential
  /** `issuedAt` of the last one that came by way of the registry; all others come over the link. */
  readonly pickedUp?: string
  /** It has left, and what is here of it is being removed; this goes last. */
  readonly departedAt?: string
}

const KEY = 'value'

/** A record as one JSON value in a Secret. */
export function secretData(value: object): Pick<Secret, 'data'> {
  return { data: { [KEY]: Buffer.from(JSON.stringify(value)).toString('base64') } }
}

/** @returns undefined where there is none, or it cannot be read: it is as if it were not there. */
export function secretValue<T extends object>(secret: Secret | undefined): T | undefined {
  const data = secret?.data?.[KEY]
  return data === undefined ? undefined : parsed<T>(Buffer.from(data, 'base64').toString())
}

export function configMapData(value: object): Pick<ConfigMap, 'data'> {
  return { data: { [KEY]: JSON.stringify(value) } }
}

export function configMapValue<T extends object>(object: ConfigMap | undefined): T | undefined {
  const text = object?.data?.[KEY]
  return text === undefined ? undefined : parsed<T>(text)
}

function parsed<T extends object>(text: string): T | undefined {
  try {
    const value: unknown = JSON.parse(text)
    return typeof value === 'object' && value !== null ? (value as T) : undefined
  } catch {
    return undefined
  }
}
