import type { RegistryAccess } from '@isthmus/api'
import { isExpired, isHalfOver } from '@isthmus/core'
import { type ClusterClient, Controller, done, isUnauthorized, type Outcome } from '@isthmus/kube'
import type { Logger } from 'pino'
import type { Recorder } from '../../events/event-recorder.ts'
import type { GatedClient } from '../../leadership/write-gate.ts'
import type { Links } from '../../links/links.ts'
import type { RegistryState } from '../../options.ts'
import type { OwnCluster } from '../../own/own-cluster.ts'
import { attempt } from './attempt.ts'
import type { ChangingConnection, Connect } from './changing-connection.ts'
import { writeOwnProfile } from './own-profile.ts'
import { OwnReaders } from './own-readers.ts'
import type { OwnRecords } from './own-records.ts'
import { noteRemoval } from './own-removal.ts'
import { PeerReconciler } from './peer-reconciler.ts'
import { PolicyCopy } from './policy-copy.ts'
import { RegistryFollower } from './registry-follower.ts'
import { RegistryNote } from './registry-note.ts'
import { renewRegistryToken } from './registry-token.ts'

export interface MembershipTermOptions {
  /** Of the own cluster. */
  readonly client: ClusterClient
  /** The same; its writes end with the lead. */
  readonly gated: GatedClient
  readonly own: OwnCluster
  readonly clusterId: string
  readonly agentNamespace: string
  readonly exchangeNamespace: string
  readonly records: OwnRecords
  readonly links: Links
  readonly connection: (clusterId: string) => ChangingConnection | undefined
  /** Ends the link to a peer. */
  readonly drop: (clusterId: string) => Promise<void>
  readonly recorder: Recorder
  readonly clock: () => number
  readonly log: Logger
  readonly onEnd: () => void
  readonly lookEveryMs?: number | undefined
  readonly connect?: Connect | undefined
}

/** What is done, beside what is done for each peer: never the id of one. */
const REGISTRY = '/registry'
const PROFILE = '/profile'
const POLICY = '/lost-member-policy'
const NOTE = '/registry-note'
const REMOVAL = '/removal'

const LOOK_EVERY_MS = 5_000
/** `isthmus leave` tells the registry first, and then this cluster: who leaves was not removed. */
const LEAVES_WITHIN_MS = 2_000
/** Links come and go together, and a state that lasts a moment is no news. */
const PROFILE_SETTLES_MS = 1_000
const RENEW_AGAIN_MS = 60_000
/** A control plane is upgraded now and then. */
const VERSION_EVERY_MS = 3_600_000

/**
 * What a member does for its membership while its agent leads: follows the registry, pins who joins, forgets
 * who leaves, issues credentials for others and gets its own renewed, and says how it sees its peers.
 */
export class MembershipTerm {
  readonly #options: MembershipTermOptions
  readonly #readers: OwnReaders
  readonly #peers: PeerReconciler
  readonly #policy: PolicyCopy
  readonly #note: RegistryNote
  readonly #controller: Controller
  readonly #ending = new AbortController()
  #registry: RegistryFollower | undefined
  /** Why the token for the registry was not renewed, the own profile not written, or the policy not copied. */
  readonly #failures = new Map<string, string>()
  #looking: NodeJS.Timeout | undefined
  #renewedAt = 0
  /** When the registry was first seen to say that this member has left; by a clock that nobody sets. */
  #leftAt: number | undefined
  #version: { value: string | undefined; askedAt: number } | undefined

  constructor(options: MembershipTermOptions) {
    const { client, clusterId, exchangeNamespace, log } = options
    this.#options = options
    this.#readers = new OwnReaders(client, exchangeNamespace, clusterId, id => this.peerChanged(id))
    this.#peers = new PeerReconciler({ ...options, readers: this.#readers, registry: () => this.#registry })
    this.#policy = new PolicyCopy(options)
    this.#note = new RegistryNote(options)
    this.#controller = new Controller({
      name: 'membership',
      concurrency: 4,
      backoff: { initialMs: 250, maxMs: 30_000, factor: 2 },
      reconcile: (key, signal) => this.#reconcile(key, signal),
      onError: (error, key, retryInMs) =>
        log.warn({ err: error, key, retryInMs }, 'membership: failed, will be tried again'),
    })
  }

  begin(): void {
    this.#readers.start()
    void this.#readers.whenSynced(this.#ending.signal).then(
      () => {
        if (this.#ending.signal.aborted) return
        this.#controller.start()
        this.membershipChanged()
        this.#looking = setInterval(() => this.#lookAtAll(), this.#options.lookEveryMs ?? LOOK_EVERY_MS)
      },
      () => {},
    )
  }

  /** Takes up nothing more; resolves when what was under way has ended. */
  async end(): Promise<void> {
    this.#ending.abort()
    clearInterval(this.#looking)
    await Promise.all([this.#controller.stop(), this.#readers.stop(), this.#registry?.stop()])
    this.#options.onEnd()
  }

  peerChanged(clusterId: string): void {
    this.#controller.enqueue(clusterId)
    this.#controller.queue.addAfter(PROFILE, PROFILE_SETTLES_MS)
  }

  membershipChanged(): void {
    if (this.#ending.signal.aborted) return
    this.#followRegistry()
    this.#lookAtAll()
  }

  /** What the ClusterSet says of lost members, or the copy of it, may be another. */
  policyChanged(): void {
    this.#controller.enqueue(POLICY)
  }

  linkChanged(): void {
    this.#controller.queue.addAfter(PROFILE, PROFILE_SETTLES_MS)
  }

  registryState(): RegistryState {
    const { registryAccess: access } = this.#options.records
    if (this.#registry === undefined || access === undefined) return { reachable: false }
    const { why, failure } = this.#registry
    if (why === undefined) return { reachable: this.#registry.isKnown }
    return { reachable: false, reason: this.#wayOut(access, failure) ?? why }
  }

  #wayOut(access: RegistryAccess, failure: Error | undefined): string | undefined {
    if (isExpired(access, this.#options.clock()))
      return `our token for the registry expired at ${access.expiresAt}: \`isthmus relink\` mends it`
    if (failure === undefined || !isUnauthorized(failure)) return undefined
    // Who was away while it was removed never reads that it was: its account is gone.
    return 'it does not accept our token any more (401): `isthmus relink` mends it; if this member was removed, `isthmus leave` takes out what is left here'
  }

  noticesOf(clusterId: string): string[] {
    return this.#peers.notices.of(clusterId)
  }

  otherNotices(): string[] {
    const { records } = this.#options
    return [
      ...this.#failures.values(),
      ...(this.#policy.notice === undefined ? [] : [this.#policy.notice]),
      ...this.#peers.notices.ofOthers(id => records.pins.has(id)),
    ]
  }

  #followRegistry(): void {
    const { registryAccess: access } = this.#options.records
    if (access === undefined) return
    if (this.#registry?.namespace === access.namespace) {
      this.#registry.use(access)
      return
    }
    void this.#registry?.stop()
    this.#registry = new RegistryFollower({
      clusterId: this.#options.clusterId,
      access,
      onProfile: id => {
        this.#peers.hurry(id)
        this.peerChanged(id)
      },
      onDeparted: () => this.#lookAtAll(),
      onPolicy: () => this.policyChanged(),
      connect: this.#options.connect,
    })
    this.#registry.start()
  }

  #lookAtAll(): void {
    const { records, clusterId } = this.#options
    const ids = new Set([
      ...records.pins.keys(),
      ...this.#readers.clusterIds(),
      ...(this.#registry?.clusterIds() ?? []),
    ])
    ids.delete(clusterId)
    this.#peers.notices.keepOnly(ids)
    for (const id of ids) this.#controller.enqueue(id)
    this.#controller.enqueue(REGISTRY)
    this.#controller.enqueue(PROFILE)
    this.#controller.enqueue(POLICY)
    this.#controller.enqueue(NOTE)
    this.#controller.enqueue(REMOVAL)
  }

  #reconcile(key: string, signal: AbortSignal): Promise<Outcome> {
    if (key === REGISTRY) return this.#attempt(key, registry => this.#renew(registry, signal))
    if (key === PROFILE) return this.#attempt(key, registry => this.#writeProfile(registry, signal))
    if (key === POLICY) return this.#keepPolicy(signal)
    if (key === REMOVAL) return this.#attempt(key, registry => this.#noteRemoval(registry, signal))
    if (key === NOTE) return this.#attempt(key, () => this.#noteRegistry(signal))
    return key === this.#options.clusterId ? Promise.resolve(done()) : this.#peers.reconcile(key, signal)
  }

  async #renew(registry: RegistryFollower, signal: AbortSignal): Promise<void> {
    const { records, clock } = this.#options
    const { registryAccess: access } = records
    const now = clock()
    if (access === undefined || !isHalfOver(access, now)) return
    // A token that could not be kept is not followed by a stream of others.
    if (now >= this.#renewedAt && now - this.#renewedAt < RENEW_AGAIN_MS) return
    this.#renewedAt = now
    await renewRegistryToken(this.#options, registry.client, signal)
  }

  /** With the registry away, too: somebody may have deleted the copy. */
  #keepPolicy(signal: AbortSignal): Promise<Outcome> {
    const { membership: record } = this.#options.records
    if (record === undefined || record.state === 'leaving') return Promise.resolve(done())
    return attempt(() => this.#policy.keep(this.#registry, signal).then(done), this.#tellOf(POLICY))
  }

  async #noteRegistry(signal: AbortSignal): Promise<void> {
    const { registryAccess: access, membership: record } = this.#options.records
    if (access === undefined || record?.state !== 'member') return
    await this.#note.keep(access.server, this.registryState(), signal)
  }

  async #noteRemoval(registry: RegistryFollower, signal: AbortSignal): Promise<void> {
    const { membership: record } = this.#options.records
    if (record === undefined) return
    const hasLeft = registry.hasLeft(record.clusterId, record.profileUID)
    this.#leftAt = hasLeft ? (this.#leftAt ?? performance.now()) : undefined
    if (this.#leftAt !== undefined && performance.now() - this.#leftAt < LEAVES_WITHIN_MS) {
      this.#controller.queue.addAfter(REMOVAL, LEAVES_WITHIN_MS)
      return
    }
    await noteRemoval(this.#options, record, registry, signal)
  }

  async #writeProfile(registry: RegistryFollower, signal: AbortSignal): Promise<void> {
    const { records, own, exchangeNamespace, links, clock } = this.#options
    const record = records.membership
    if (record === undefined || record.state === 'leaving' || !registry.isKnown) return
    await writeOwnProfile(
      registry,
      {
        record,
        exchangeNamespace,
        clusterUID: own.namespaces.get('kube-system')?.metadata.uid,
        kubernetesVersion: await this.#kubernetesVersion(signal),
        links: links.status(),
        pins: records.pins.values(),
        notices: id => this.#peers.notices.of(id),
        now: clock(),
      },
      signal,
    )
  }

  async #kubernetesVersion(signal: AbortSignal): Promise<string | undefined> {
    const { client, clock } = this.#options
    const now = clock()
    if (this.#version === undefined || Math.abs(now - this.#version.askedAt) >= VERSION_EVERY_MS)
      this.#version = { value: await askVersion(client, signal), askedAt: now }
    return this.#version.value
  }

  /** The registry may be gone for long: that is in the status, and worth no line in the log each time. */
  async #attempt(key: string, act: (registry: RegistryFollower) => Promise<void>): Promise<Outcome> {
    const registry = this.#registry
    if (registry === undefined) return done()
    return attempt(() => act(registry).then(done), this.#tellOf(key))
  }

  #tellOf(key: string) {
    return (why: string | undefined) => {
      if (why === undefined) this.#failures.delete(key)
      else this.#failures.set(key, `${DOING[key]}: ${why}`)
    }
  }
}

const DOING: Readonly<Record<string, string>> = {
  [REGISTRY]: 'the token for the registry was not renewed',
  [PROFILE]: 'the ClusterProfile of this member was not written',
  [REMOVAL]: 'that this member was removed was not written down',
  [NOTE]: 'whether the registry can be read was not written down',
  [POLICY]: "the ClusterSet's policy for lost members was not copied",
}

async function askVersion(client: ClusterClient, signal: AbortSignal): Promise<string | undefined> {
  const { status, body } = await client.raw('/version', { signal })
  if (status !== 200) return undefined
  const { gitVersion } = JSON.parse(body) as { gitVersion?: unknown }
  return typeof gitVersion === 'string' ? gitVersion.slice(0, 64) : undefined
}
