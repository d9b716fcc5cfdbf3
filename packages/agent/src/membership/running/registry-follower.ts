import {
  ANNOTATION_RELINK_REQUESTED,
  CLUSTER_PROFILES,
  type ClusterProfile,
  CONFIG_MAPS,
  type ConfigMap,
  DEPARTED_NAME,
  LOST_MEMBER_POLICY_NAME,
  type RegistryAccess,
} from '@isthmus/api'
import {
  type ClusterSetPolicy,
  checkAccess,
  departedKey,
  isDNSLabel,
  isUID,
  readClusterSetPolicy,
  readProfile,
  type SeenProfile,
  type SeenRegistry,
} from '@isthmus/core'
import { type ClusterClient, isForbidden, type Rate, Reflector } from '@isthmus/kube'
import { SINGLE_LIMITS } from '../../links/exchange-intake.ts'
import { whyUnreadable } from '../../links/link-reason.ts'
import { ChangingConnection, type Connect } from './changing-connection.ts'

export interface RegistryFollowerOptions {
  readonly clusterId: string
  readonly access: RegistryAccess
  readonly onProfile: (clusterId: string) => void
  readonly onDeparted: () => void
  readonly connect?: Connect | undefined
  readonly onPolicy: () => void
}

/** A registry that comes back is worth waiting half a minute for: only joining and leaving wait for it. */
const BACKOFF = { initialMs: 250, maxMs: 30_000, factor: 2 }
/** What it says beyond this is not looked at: `departed` keeps 500, and accounts for readers there are 500. */
const MAX_DEPARTED = 5_000
/** Of the profiles of as many members, each of which says how it sees all others. */
const PROFILE_LIMITS = { ...SINGLE_LIMITS, objects: 2_000, bytes: 64 << 20 }

/** What comes faster waits in the registry's server. Members say how they see all others, now and then. */
const PROFILE_RATE: Rate = { burst: 2_000, perSecond: 200 }
/** An administrator writes them. */
const SINGLE_RATE: Rate = { burst: 100, perSecond: 10 }

/** The registry, as far as it can be read. Nothing hangs on it but news of who joins and who leaves. */
export class RegistryFollower {
  readonly namespace: string
  readonly #options: RegistryFollowerOptions
  readonly #connection: ChangingConnection
  readonly #profiles
  readonly #departedMaps
  readonly #policyMaps
  #departed: ReadonlySet<string> = new Set()

  constructor(options: RegistryFollowerOptions) {
    const { access } = options
    this.#options = options
    this.namespace = access.namespace
    this.#connection = new ChangingConnection('the registry', access, access.token, options.connect)
    const registry = { client: this.#connection.client, namespace: access.namespace, backoff: BACKOFF }
    this.#profiles = new Reflector<ClusterProfile>({
      ...registry,
      type: CLUSTER_PROFILES,
      limits: PROFILE_LIMITS,
      eventRate: PROFILE_RATE,
    })
    this.#departedMaps = new Reflector<ConfigMap>({
      ...registry,
      type: CONFIG_MAPS,
      limits: SINGLE_LIMITS,
      eventRate: SINGLE_RATE,
      fieldSelector: `metadata.name=${DEPARTED_NAME}`,
    })
    this.#policyMaps = new Reflector<ConfigMap>({
      ...registry,
      type: CONFIG_MAPS,
      limits: SINGLE_LIMITS,
      eventRate: SINGLE_RATE,
      fieldSelector: `metadata.name=${LOST_MEMBER_POLICY_NAME}`,
    })
    this.#policyMaps.store.subscribe(() => options.onPolicy())
    this.#profiles.store.subscribe((_, next, previous) => {
      const name = (next ?? previous)?.metadata.name
      if (isDNSLabel(name)) options.onProfile(name)
    })
    this.#departedMaps.store.subscribe((_, next) => {
      const keys = Object.keys(next?.data ?? {}).slice(0, MAX_DEPARTED)
      this.#departed = new Set(keys)
      options.onDeparted()
    })
    for (const reflector of [this.#profiles, this.#departedMaps])
      void reflector.whenSynced().then(() => options.onDeparted())
  }

  get client(): ClusterClient {
    return this.#connection.client
  }

  start(): void {
    this.#profiles.start()
    this.#departedMaps.start()
    this.#policyMaps.start()
  }

  async stop(): Promise<void> {
    await Promise.all([this.#profiles.stop(), this.#departedMaps.stop(), this.#policyMaps.stop()])
    await this.#connection.close()
  }

  /** A new token, or a new address of the same registry. */
  use(access: RegistryAccess): void {
    this.#connection.set(access, access.token)
  }

  /** Both lists have succeeded once: only then does what is missing mean anything, and little even then. */
  get isKnown(): boolean {
    return this.#profiles.synced && this.#departedMaps.synced
  }

  /** Why it cannot be read now. */
  get failure(): Error | undefined {
    return this.#profiles.state.error ?? this.#departedMaps.state.error
  }

  get why(): string | undefined {
    return inWords(this.failure)
  }

  /** What it says of lost members; undefined where that is nothing, or not known. */
  get lostMemberPolicy(): ClusterSetPolicy {
    return readClusterSetPolicy(this.#policyMaps.store.get(`${this.namespace}/${LOST_MEMBER_POLICY_NAME}`))
  }

  /** Why that cannot be read, while all else can. */
  get policyFailure(): string | undefined {
    const { error } = this.#policyMaps.state
    if (this.failure !== undefined || error === undefined) return undefined
    return isForbidden(error)
      ? 'the registry does not let us (403): run `isthmus init` for it again'
      : inWords(error)
  }

  /** Of all members but this one. */
  clusterIds(): string[] {
    return this.#profiles.store
      .list()
      .flatMap(({ metadata: { name } }) =>
        isDNSLabel(name) && name !== this.#options.clusterId ? [name] : [],
      )
  }

  profile(clusterId: string): ClusterProfile | undefined {
    return this.#profiles.store.get(`${this.namespace}/${clusterId}`)
  }

  /** An administrator has written down that the member has left. */
  hasLeft(clusterId: string, profileUID: string): boolean {
    return this.#departed.has(departedKey(clusterId, profileUID))
  }

  /** What it says of a member; undefined while it has never been read. */
  seen(clusterId: string): SeenRegistry | undefined {
    if (!this.isKnown) return undefined
    const profile = this.profile(clusterId)
    return {
      profile: profile === undefined ? undefined : seenProfile(profile, this.#options.clusterId),
      relinkRequested: relinkRequested(this.profile(this.#options.clusterId)),
      departed: this.#departed,
    }
  }
}

function inWords(failure: Error | undefined): string | undefined {
  return failure === undefined ? undefined : whyUnreadable(failure).replaceAll('its API server', 'its server')
}

function seenProfile(profile: ClusterProfile, ownId: string): SeenProfile | undefined {
  const { uid } = profile.metadata
  if (!isUID(uid)) return undefined
  const { clusterset, access, exchangeNamespace, pickedUp = {} } = readProfile(profile)
  return {
    uid,
    clusterset,
    access: checkAccess(access),
    exchangeNamespace,
    relinkRequested: relinkRequested(profile),
    pickedUp: pickedUp[ownId] ?? '',
  }
}

/** An annotation of any length; it comes back in one of ours. */
function relinkRequested(profile: ClusterProfile | undefined): string {
  const text: unknown = profile?.metadata.annotations?.[ANNOTATION_RELINK_REQUESTED]
  return typeof text === 'string' ? text.slice(0, 64).replaceAll(' ', '') : ''
}
