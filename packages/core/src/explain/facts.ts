/** What explaining a service starts from: the objects of every cluster that could be asked, as they were read. */
import type {
  EndpointSlice,
  ExportedEndpoints,
  ExportedService,
  ExportIndex,
  Lease,
  Namespace,
  Service,
  ServiceExport,
  ServiceImport,
} from '@isthmus/api'
import type { KeptFields } from '../import/desired-import.ts'
import type { Admission } from '../policy/admission.ts'

/** Something that was asked for: what came (undefined in it: not there), or why it is not known. */
export type Reading<T> = { readonly value: T } | { readonly unread: string }

/** What a link left behind in its member's own cluster: the ConfigMap `link-<cluster id>`. */
export interface LinkMemory {
  /** The peer. */
  readonly clusterId: string
  /** The highest sequence ever accepted of the peer. */
  readonly highestSequence: number
  /** As the agent saw it last; absent from agents that do not tell. */
  readonly state?: string
  readonly reason?: string
  /** RFC 3339: since when it is in that state. */
  readonly since?: string
}

/** What a DNS server answered about the service's name. */
export interface DnsReading {
  /** `127.0.0.1:5353`. */
  readonly server: string
  /** Of all families, sorted; or why there are none: `NXDOMAIN`, `no answer within 2 s`. */
  readonly answer: { readonly addresses: readonly string[] } | { readonly failure: string }
}

/** What a TCP connection to the service gave. */
export interface ConnectReading {
  readonly address: string
  readonly port: number
  readonly result: { readonly milliseconds: number } | { readonly failure: string }
}

/** One cluster, as far as one person's credentials can see it. */
export interface ClusterReading {
  /** The kubeconfig's context. */
  readonly context: string
  /** What a command for this cluster begins with: `kubectl --context west`. */
  readonly kubectl: string
  readonly server: string
  readonly clusterId: string
  readonly clusterset: string
  /** Who it is may not be read: it is taken for the member with the name of its context. */
  readonly isAssumed: boolean
  /** Where Isthmus lies in it. */
  readonly installedIn: { readonly agentNamespace: string; readonly exchangeNamespace: string }
  /** RFC 3339: since when its agent knows that it was removed from the ClusterSet; absent: it was not. */
  readonly removedAt?: string | undefined
  /** The context that leads to the registry, where one does. */
  readonly registryContext: string | undefined
  readonly namespace: Reading<Namespace | undefined>
  readonly service: Reading<Service | undefined>
  /** EndpointSlices of the Service of that name. */
  readonly sourceSlices: Reading<readonly EndpointSlice[]>
  readonly serviceExport: Reading<ServiceExport | undefined>
  readonly index: Reading<ExportIndex | undefined>
  readonly record: Reading<ExportedService | undefined>
  /** By name; of this service alone. */
  readonly chunks: Reading<ReadonlyMap<string, ExportedEndpoints>>
  /** The publisher's heartbeat. */
  readonly heartbeat: Reading<Lease | undefined>
  /** By which the agents of this cluster know which of them works. */
  readonly leader: Reading<Lease | undefined>
  readonly links: Reading<readonly LinkMemory[]>
  /** It was joined to a registry: its links go by accounts that were made for it. */
  readonly isJoined: boolean
  /** Ids of the members that have such an account in its exchange. */
  readonly readers: Reading<readonly string[]>
  /** The Service of the derived name, whoever made it. */
  readonly derivedService: Reading<Service | undefined>
  readonly importedSlices: Reading<readonly EndpointSlice[]>
  readonly serviceImport: Reading<ServiceImport | undefined>
  /** What this cluster takes from other members: its ImportPolicies and own addresses, as far as they could be read. */
  readonly admission: Pick<Admission, 'refusalOf' | 'admit'>
  /** What this cluster's CRD stores of a ServiceImport. */
  readonly kept: KeptFields
  readonly dns: Reading<DnsReading>
  readonly connect: Reading<ConnectReading>
  /** The clocks of this machine and, where it said, of the API server; milliseconds since the epoch. */
  readonly clocks: readonly number[]
}

/** A context of which nothing is known, and why. */
export interface UnreachableContext {
  readonly context: string
  readonly kubectl: string
  readonly server: string
  readonly why: string
}

/** A context whose cluster answers, and that is no member. */
export interface Outsider {
  readonly context: string
  readonly kubectl: string
  readonly server: string
  /** Isthmus is installed there, but no agent has made it a member yet. */
  readonly prepared: boolean
}

export interface Facts {
  readonly namespace: string
  readonly name: string
  readonly clusters: readonly ClusterReading[]
  readonly unreachable: readonly UnreachableContext[]
  readonly outsiders: readonly Outsider[]
}

export function isRead<T>(reading: Reading<T>): reading is { readonly value: T } {
  return 'value' in reading
}

/** Why something was not read; undefined where it was. */
export function whyUnread(reading: Reading<unknown>): string | undefined {
  return 'unread' in reading ? reading.unread : undefined
}

/** What was read; undefined also where it could not be. */
export function readValue<T>(reading: Reading<T>): T | undefined {
  return isRead(reading) ? reading.value : undefined
}
