import type { MemberPhase } from '@isthmus/core'
import type { ClusterClient, Credentials } from '@isthmus/kube'
import type { Logger } from 'pino'
import type { LeadershipOptions } from './leadership/leadership.ts'
import type { LostMemberOptions } from './lost/lost-members.ts'

export interface PeerOptions {
  /** The id that this member knows the peer by: what is read over its link counts as that cluster's. */
  readonly clusterId: string
  readonly client: ClusterClient
  /** Default: `isthmus-exchange`. */
  readonly exchangeNamespace?: string | undefined
  /** Why it cannot be read, for a status line, where more is known than the error tells. */
  readonly explain?: ((error: Error) => string | undefined) | undefined
}

export interface AgentOptions {
  readonly clusterId: string
  readonly clusterset: string
  /** Own cluster. */
  readonly client: ClusterClient
  readonly peers: readonly PeerOptions[]
  /** Where links are remembered. Default: `isthmus-system`. */
  readonly agentNamespace?: string | undefined
  /** Where this member publishes. Default: `isthmus-exchange`. */
  readonly exchangeNamespace?: string | undefined
  /** Prefixes of exported labels and annotations that are not taken here, beside those that nobody takes. */
  readonly reservedPrefixes?: readonly string[] | undefined
  /** Of several agents of this cluster, one leads and writes. Default: by a Lease in the agent's namespace. */
  readonly leadership?: LeadershipOptions | 'always' | undefined
  /** What is done about members that are lost. Default: as the ClusterSet says, else {@link DEFAULT_LOST_MEMBER_POLICY}; no probes. */
  readonly lostMembers?: LostMemberOptions | undefined
  /** For tests: the time by which credentials age, how often an agent looks for what it brings (default: 5 s). */
  readonly membership?: {
    readonly clock?: (() => number) | undefined
    readonly lookEveryMs?: number | undefined
    /** How clients of peers and of the registry are made. */
    readonly connect?: ((credentials: Credentials) => ClusterClient) | undefined
  }
  readonly log: Logger
  /** Milliseconds since the epoch. */
  readonly clock?: (() => number) | undefined
}

export type LinkState =
  /** Its index is read and followed. */
  | 'connected'
  /** Nothing has been read yet. */
  | 'connecting'
  /** What was read stays in force, but it cannot be read now, or its publisher is silent. */
  | 'degraded'
  /** Nothing could be read of it for so long that the policy for lost members applies. */
  | 'lost'
  /** What it says cannot be used: another id, an index that went back. What was known stays in force. */
  | 'refused'

export interface LinkStatus {
  readonly clusterId: string
  readonly server: string
  readonly state: LinkState
  readonly reason?: string
  /** Since when the link is in this state; of a lost one, when it was last heard of. Milliseconds since the epoch. */
  readonly since?: number
  /** When its publisher was last seen to renew its Lease. Milliseconds since the epoch. */
  readonly lastRenewal?: number
  /** What the member is to services without a policy of their own. */
  readonly phase?: MemberPhase
  readonly sequence: number
  readonly services: number
  /** How far our clock is ahead of its, in milliseconds, as its last heartbeat arrived; the way of that included. */
  readonly clockOffset?: number
  /** When its API server last said anything; milliseconds since the epoch. */
  readonly lastContact?: number
  /** Records, or parts of them, that are not used. */
  readonly refusals: number
}

export interface ExportStatus {
  /** `namespace/name`. */
  readonly key: string
  readonly valid: boolean
  readonly ready: boolean
  readonly conflict: boolean
}

export interface ImportStatus {
  readonly key: string
  readonly ready: boolean
  readonly reason: string
  readonly ips: readonly string[]
  readonly clusters: readonly string[]
}

/** What is not used of what a member exports. */
export interface RefusalCount {
  readonly clusterId: string
  /** The rule that refuses it. */
  readonly rule: string
  readonly count: number
}

/** The registry, as seen by an agent that leads. Links need it for nothing. */
export interface RegistryState {
  readonly reachable: boolean
  /** Why it is not. */
  readonly reason?: string
}

/** What this cluster knows of the ClusterSet that it is a member of. */
export interface MembershipStatus {
  /** The state of one that follows the registry; others only know where it is. */
  readonly registry?: Partial<RegistryState> & {
    readonly server: string
    readonly namespace: string
    /** Of the token for it; RFC 3339. */
    readonly expiresAt: string
  }
  readonly peers: readonly {
    readonly clusterId: string
    readonly profileUID: string
    /** Of our token for its exchange; absent while there is none. RFC 3339. */
    readonly expiresAt?: string
    /** What is held, or does not work, and the way out: a line each. */
    readonly notices: readonly string[]
  }[]
  /** The same of what concerns no peer that is linked. */
  readonly notices: readonly string[]
  readonly leaving: boolean
}

export interface AgentStatus {
  readonly clusterId: string
  readonly clusterset: string
  /** Whether it is the one that writes, of the agents of its cluster. */
  readonly leading: boolean
  /** The one that holds the Lease, as last seen: `<host>_<process id>-<random>`. */
  readonly leader?: string
  readonly ready: boolean
  /** Why it is not ready: a line each. */
  readonly reasons: readonly string[]
  readonly exports: readonly ExportStatus[]
  readonly imports: readonly ImportStatus[]
  readonly links: readonly LinkStatus[]
  /** Absent where the cluster has not joined a ClusterSet with a registry. */
  readonly membership?: MembershipStatus
  /** What becomes of lost members, for services without a policy of their own, as text. */
  readonly lostMemberPolicy: string
  readonly refusals: readonly RefusalCount[]
}
