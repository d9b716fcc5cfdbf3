import type {
  ClusterProfile,
  EndpointSlice,
  ExportIndex,
  Lease,
  MembershipRecord,
  Namespace,
  RegistryNoteData,
  ServiceExport,
  ServiceImport,
} from '@isthmus/api'
import type { LinkMemory, Outsider, Reading, UnreachableContext } from '@isthmus/core'
import type { MemberContext } from '../contexts/contexts.ts'

/** One member, as its own objects tell. */
export interface MemberReading extends Omit<MemberContext, 'client'> {
  readonly exports: Reading<readonly ServiceExport[]>
  readonly imports: Reading<readonly ServiceImport[]>
  /** Imported ones. */
  readonly slices: Reading<readonly EndpointSlice[]>
  readonly namespaces: Reading<readonly Namespace[]>
  readonly index: Reading<ExportIndex | undefined>
  readonly heartbeat: Reading<Lease | undefined>
  readonly leader: Reading<Lease | undefined>
  readonly links: Reading<readonly LinkMemory[]>
  readonly isJoined: boolean
  /** Ids of the members that have an account in its exchange. */
  readonly readers: Reading<readonly string[]>
  /** Undefined: it was never joined to a registry, or may not be read. */
  readonly membership: MembershipRecord | undefined
  /** How its agent saw the registry last; undefined where nothing is known of one. */
  readonly registry: RegistryNoteData | undefined
}

export interface StatusFacts {
  readonly members: readonly MemberReading[]
  readonly unreachable: readonly UnreachableContext[]
  readonly outsiders: readonly Outsider[]
  /** Of registries that could be read. */
  readonly profiles: readonly ClusterProfile[]
}
