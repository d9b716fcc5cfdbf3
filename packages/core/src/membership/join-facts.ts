/** What is known before a cluster joins: of it, of the registry, and of the members there are. */
import type { ApiAccess, MembershipRecord } from '@isthmus/api'
import type { ReadProfile } from './profile.ts'

/** Something that stands in the way; all of them are told at once. */
export interface Problem {
  /** As a word for programs. */
  readonly reason: string
  readonly message: string
  readonly remedy: string
}

export interface JoiningCluster {
  /** UID of the namespace kube-system. */
  readonly uid: string
  /** `v1.33.1`. */
  readonly version: string
  /** Its ClusterProperties. */
  readonly identity: { readonly clusterId?: string | undefined; readonly clusterset?: string | undefined }
  readonly membership?: MembershipRecord | undefined
  /** Empty: not known. */
  readonly podCIDRs: readonly string[]
  readonly nodeCIDRs: readonly string[]
  readonly serviceCIDRs: readonly string[]
  readonly ipFamilies: readonly string[]
  /** Who else makes ServiceImports or imported EndpointSlices here. */
  readonly otherImplementations: readonly OtherImplementation[]
  /** What the objects that are to be installed find in their way. */
  readonly refusals: readonly Hindrance[]
}

export interface OtherImplementation {
  /** Its field manager, or its managed-by label. */
  readonly name: string
  /** One of its objects: `ServiceImport demo/hello`. */
  readonly example: string
}

export interface Hindrance {
  readonly message: string
  readonly remedy: string
}

export interface RegisteredMember extends ReadProfile {
  readonly profileUID: string
  /** By its administrator, from the first moment. */
  readonly registeredUID: string | undefined
}

export interface AnnouncedAccess extends ApiAccess {
  /** The kubeconfig says not to verify the server's certificate. */
  readonly insecure?: boolean | undefined
}

export interface RegistryFacts {
  readonly clusterset: string
  readonly namespace: string
  /** How a member will reach it. */
  readonly access: AnnouncedAccess
  readonly members: readonly RegisteredMember[]
  readonly refusals: readonly Hindrance[]
}

/** Whether the announced server answers where the question is asked, verified by what is announced. */
export type ServerProbe =
  | { readonly reached: true }
  | { readonly reached: false; readonly isTLS: boolean; readonly words: string }

export interface JoinFacts {
  readonly clusterId: string
  /** How others are to reach it. */
  readonly access: AnnouncedAccess
  /** Of that, from the administrator's machine. */
  readonly probe: ServerProbe
  readonly cluster: JoiningCluster
  readonly registry: RegistryFacts
}
