import {
  CONFIG_MAPS,
  type ConfigMap,
  configMapValue,
  LABEL_PEER,
  LOST_MEMBER_POLICY_NAME,
  MEMBERSHIP_NAME,
  type MembershipRecord,
  type PinnedPeer,
  peerSecretName,
  REGISTRY_SECRET_NAME,
  type RegistryAccess,
  SECRETS,
  type Secret,
  secretValue,
} from '@isthmus/api'
import {
  type ClusterSetPolicy,
  checkMembershipRecord,
  checkPinnedPeer,
  checkRegistryAccess,
  isStated,
  readClusterSetPolicy,
  type StatedPolicy,
} from '@isthmus/core'
import { type ClusterClient, Reflector } from '@isthmus/kube'
import { explainOwn } from '../../own/own-client.ts'

export interface OwnRecordsOptions {
  readonly client: ClusterClient
  /** Of the agent. */
  readonly namespace: string
  readonly clusterId: string
  /** What is kept of a peer may have changed. */
  readonly onPeer: (clusterId: string) => void
  /** How to reach the registry, or what this cluster is a member of, may have changed. */
  readonly onMembership: () => void
  /** The copy of the ClusterSet's policy for lost members may have changed. */
  readonly onPolicy: () => void
}

const BACKOFF = { initialMs: 250, maxMs: 5_000, factor: 2 }

/**
 * What the own cluster keeps of its membership, followed: all that links need, so that they need no registry.
 * What cannot be read any more stays what it was.
 */
export class OwnRecords {
  readonly #options: OwnRecordsOptions
  readonly #peers
  readonly #registry
  readonly #membership
  readonly #policy
  /** The last well-formed pins. One that vanished without a word that its cluster has left is still there. */
  readonly #pins = new Map<string, PinnedPeer>()
  readonly #malformed = new Set<string>()
  #registryAccess: Kept<RegistryAccess> = {}
  #membershipRecord: Kept<MembershipRecord> = {}
  #policyHeld: StatedPolicy | undefined

  constructor(options: OwnRecordsOptions) {
    const { client, namespace } = options
    this.#options = options
    const own = { client, namespace, backoff: BACKOFF }
    this.#peers = new Reflector<Secret>({ ...own, type: SECRETS, labelSelector: LABEL_PEER })
    this.#registry = new Reflector<Secret>({
      ...own,
      type: SECRETS,
      fieldSelector: named(REGISTRY_SECRET_NAME),
    })
    this.#membership = new Reflector<ConfigMap>({
      ...own,
      type: CONFIG_MAPS,
      fieldSelector: named(MEMBERSHIP_NAME),
    })
    this.#policy = new Reflector<ConfigMap>({
      ...own,
      type: CONFIG_MAPS,
      fieldSelector: named(LOST_MEMBER_POLICY_NAME),
    })
    this.#peers.store.subscribe((_, next, previous) => this.#peerChanged(next, previous))
    this.#registry.store.subscribe((_, next) => {
      this.#registryAccess = kept(this.#registryAccess, next, checkRegistryAccess(secretValue(next)))
      options.onMembership()
    })
    this.#membership.store.subscribe((_, next) => {
      this.#membershipRecord = kept(this.#membershipRecord, next, checkMembershipRecord(configMapValue(next)))
      options.onMembership()
    })
    this.#policy.store.subscribe((_, next) => {
      const said = readClusterSetPolicy(next)
      // Also without it: it is the agent's own, and written again.
      if (isStated(said)) this.#policyHeld = said
      options.onPolicy()
    })
  }

  /**
   * Resolves when all has been read once.
   * @throws IsthmusError when it may not be read.
   */
  async load(signal: AbortSignal): Promise<void> {
    const { client, namespace } = this.#options
    await client.list(SECRETS, { namespace, labelSelector: LABEL_PEER, limit: 1, signal }).catch(error => {
      throw explainOwn(error, { doing: `read the Secrets of links in namespace ${namespace}` })
    })
    const reflectors = this.#reflectors()
    for (const reflector of reflectors) reflector.start()
    await Promise.all(reflectors.map(reflector => reflector.whenSynced(signal)))
  }

  async stop(): Promise<void> {
    await Promise.all(this.#reflectors().map(reflector => reflector.stop()))
  }

  #reflectors() {
    return [this.#peers, this.#registry, this.#membership, this.#policy]
  }

  /** Those that have left, and are being removed, among them. */
  get pins(): ReadonlyMap<string, PinnedPeer> {
    return this.#pins
  }

  /** One that has left, and of which nothing is here any more. */
  forget(clusterId: string): void {
    this.#pins.delete(clusterId)
    this.#malformed.delete(clusterId)
  }

  /** As it is stored; undefined where it vanished. */
  peerSecret(clusterId: string): Secret | undefined {
    return this.#peers.store.get(`${this.#options.namespace}/${peerSecretName(clusterId)}`)
  }

  /** What is stored of it is not well-formed: what it was before counts, if this agent has seen it. */
  isMalformed(clusterId: string): boolean {
    return this.#malformed.has(clusterId)
  }

  /** Peers of which nothing is known but that there is a Secret of them: they have not left for that. */
  unreadablePeers(): readonly string[] {
    return [...this.#malformed].filter(id => !this.#pins.has(id))
  }

  /** What is stored beside pins and is not well-formed, in words. */
  malformed(): readonly string[] {
    return [
      ...(this.#membershipRecord.isMalformed ? [`the ConfigMap ${MEMBERSHIP_NAME}`] : []),
      ...(this.#registryAccess.isMalformed ? [`the Secret ${REGISTRY_SECRET_NAME}`] : []),
    ]
  }

  get registrySecret(): Secret | undefined {
    return this.#registry.store.get(`${this.#options.namespace}/${REGISTRY_SECRET_NAME}`)
  }

  get registryAccess(): RegistryAccess | undefined {
    return this.#registryAccess.value
  }

  get membership(): MembershipRecord | undefined {
    return this.#membershipRecord.value
  }

  /** The ClusterSet's policy for lost members, as it was last well-formed. */
  get policyHeld(): StatedPolicy | undefined {
    return this.#policyHeld
  }

  /** Its copy, as it is stored. */
  get policyCopy(): ConfigMap | undefined {
    return this.#policy.store.get(`${this.#options.namespace}/${LOST_MEMBER_POLICY_NAME}`)
  }

  get policyStored(): ClusterSetPolicy {
    return readClusterSetPolicy(this.policyCopy)
  }

  #peerChanged(next: Secret | undefined, previous: Secret | undefined): void {
    const clusterId = idOf(next) ?? idOf(previous)
    if (clusterId === undefined) return
    if (next === undefined) {
      if (this.#pins.get(clusterId)?.departedAt !== undefined) this.#pins.delete(clusterId)
    } else {
      const pin = checkPinnedPeer(secretValue(next), clusterId, this.#options.clusterId)
      if (pin === undefined) this.#malformed.add(clusterId)
      else {
        this.#malformed.delete(clusterId)
        this.#pins.set(clusterId, pin)
      }
    }
    this.#options.onPeer(clusterId)
  }
}

/** As it was last well-formed; nothing once it is not there. */
interface Kept<T> {
  readonly value?: T
  readonly isMalformed?: true
}

function kept<T>({ value: before }: Kept<T>, stored: object | undefined, value: T | undefined): Kept<T> {
  if (value !== undefined) return { value }
  if (stored === undefined) return {}
  return before === undefined ? { isMalformed: true } : { value: before, isMalformed: true }
}

/** By its name, which nobody can change, and not by its label. */
function idOf(secret: Secret | undefined): string | undefined {
  const prefix = peerSecretName('')
  const name = secret?.metadata.name
  return name?.startsWith(prefix) ? name.slice(prefix.length) : undefined
}

function named(name: string): string {
  return `metadata.name=${name}`
}
