import { CONFIG_MAPS, NAMESPACES, type PinnedPeer, READER_SLOTS } from '@isthmus/api'
import { decidePeer, isSameAccess, type PeerVerdict } from '@isthmus/core'
import { type ClusterClient, done, isConflict, isNotFound, type Outcome, requeueAfter } from '@isthmus/kube'
import type { Recorder } from '../../events/event-recorder.ts'
import { StandingNotes } from '../../events/standing-notes.ts'
import type { GatedClient } from '../../leadership/write-gate.ts'
import { whyUnreadable } from '../../links/link-reason.ts'
import type { Links } from '../../links/links.ts'
import type { OwnCluster } from '../../own/own-cluster.ts'
import { time } from '../../timestamps.ts'
import { type IssuingClient, issueCredential, layCredential } from '../issue-credential.ts'
import { removeReader } from '../remove-reader.ts'
import type { ChangingConnection } from './changing-connection.ts'
import { fetchCredential, readCredential } from './credential-pickup.ts'
import type { OwnReader, OwnReaders } from './own-readers.ts'
import type { OwnRecords } from './own-records.ts'
import { createPin, deletePin, newPin, updatePin } from './pins.ts'
import type { RegistryFollower } from './registry-follower.ts'

export interface PeerReconcilerOptions {
  readonly client: ClusterClient
  /** The same cluster; its writes end with the lead. */
  readonly gated: GatedClient
  readonly own: OwnCluster
  readonly clusterId: string
  readonly agentNamespace: string
  readonly exchangeNamespace: string
  readonly records: OwnRecords
  readonly readers: OwnReaders
  readonly links: Links
  readonly registry: () => RegistryFollower | undefined
  readonly connection: (clusterId: string) => ChangingConnection | undefined
  /** Ends the link. */
  readonly drop: (clusterId: string) => Promise<void>
  readonly recorder: Recorder
  readonly clock: () => number
}

/** A server that gives tokens that are over at once is not asked in a circle. */
const ISSUE_AGAIN_MS = 60_000
/** How often a credential is looked for in the registry: a member that joins is there within a moment, or much later. */
const FETCH = { initialMs: 100, maxMs: 5_000, factor: 2 }
/** How often over a link that works. */
const READ_EVERY_MS = 30_000
/** By when a write of ours is in the caches; until then it is not repeated. */
const CACHE_LAG_MS = 2_000

/** It was tried a moment ago: what was told of that stands. */
class NotYet {
  readonly waitMs: number

  constructor(waitMs: number) {
    this.waitMs = waitMs
  }
}

type Aspect = 'held' | 'reader' | 'credential'

/** Does what is decided about one other member: pins it, issues for it, keeps its credential fresh, forgets it. */
export class PeerReconciler {
  readonly #options: PeerReconcilerOptions
  readonly #issuing: IssuingClient
  readonly #notices = new Map<string, Map<Aspect, string>>()
  readonly #held: StandingNotes
  /** When a credential was last looked for over the link, by the clock. */
  readonly #readAt = new Map<string, number>()
  /** How often a credential was looked for in the registry in vain, and when it is time again, by a clock that nobody sets. */
  readonly #fetches = new Map<string, { failures: number; next: number }>()
  /** What was issued last, and when, by a clock that nobody sets. */
  readonly #issued = new Map<string, { issuedAt: string; at: number }>()

  constructor(options: PeerReconcilerOptions) {
    const { client, gated } = options
    this.#options = options
    this.#held = new StandingNotes(options.recorder)
    this.#issuing = {
      ...gated,
      server: client.server,
      list: (type, request) => client.list(type, request),
      raw: (path, init) => client.raw(path, init),
    }
  }

  /** Something of it has changed in the registry: what was not there may be. */
  hurry(clusterId: string): void {
    this.#fetches.delete(clusterId)
  }

  notices(clusterId: string): string[] {
    return [...(this.#notices.get(clusterId)?.values() ?? [])]
  }

  /** Of a peer that is not known otherwise. */
  noticesOfUnknown(): string[] {
    const { pins } = this.#options.records
    return [...this.#notices].flatMap(([id, notices]) =>
      pins.has(id) ? [] : [...notices.values()].map(notice => `${id}: ${notice}`),
    )
  }

  async reconcile(clusterId: string, signal: AbortSignal): Promise<Outcome> {
    const { records, readers, registry } = this.#options
    const record = records.membership
    if (record === undefined || record.state === 'leaving') return done()
    const pin = records.pins.get(clusterId)
    const seen = registry()?.seen(clusterId)
    const reader = readers.of(clusterId, pin?.profileUID)
    const verdict = decidePeer({
      clusterId,
      clusterset: record.clusterset,
      ownAccess: record.access,
      pin,
      registry: seen,
      reader: reader?.seen,
      isRefused: this.#isRefused(clusterId),
      now: this.#options.clock(),
    })
    this.#tellHeld(clusterId, verdict)
    if (verdict.pin === 'forget' && pin !== undefined) return this.#forget(pin, reader, signal)
    if (verdict.pin === 'make') await this.#pin(clusterId, signal)
    if (pin !== undefined) await this.#restore(pin, signal)
    const outcomes = [
      await this.#attempt(clusterId, 'reader', () => this.#serve(clusterId, verdict, reader, signal)),
      await this.#attempt(clusterId, 'credential', () => this.#pickUp(pin, verdict, signal)),
    ]
    return outcomes.find(outcome => outcome.kind === 'requeue') ?? done()
  }

  #isRefused(clusterId: string): boolean {
    const { connection, links } = this.#options
    return connection(clusterId)?.isRefused === true && links.get(clusterId)?.status().state !== 'connected'
  }

  async #pin(clusterId: string, signal: AbortSignal): Promise<void> {
    const { gated, agentNamespace, records, registry, clock } = this.#options
    if (records.pins.size >= READER_SLOTS) {
      this.#note(clusterId, 'held', `not linked: this cluster has ${READER_SLOTS} peers, which is the most`)
      return
    }
    const profile = registry()?.profile(clusterId)
    const pin = profile === undefined ? undefined : newPin(profile, clock())
    if (pin !== undefined) await createPin(gated, agentNamespace, pin, signal)
  }

  /** One that somebody deleted: without it, the link would be gone with this process. */
  async #restore(pin: PinnedPeer, signal: AbortSignal): Promise<void> {
    const { gated, agentNamespace, records } = this.#options
    if (records.peerSecret(pin.clusterId) === undefined) await createPin(gated, agentNamespace, pin, signal)
  }

  /** What is here of a member that left; its pin goes last, so that all this can be interrupted anywhere. */
  async #forget(pin: PinnedPeer, reader: OwnReader | undefined, signal: AbortSignal): Promise<Outcome> {
    const { gated, agentNamespace, exchangeNamespace, records, drop, clock } = this.#options
    const { clusterId } = pin
    const secret = records.peerSecret(clusterId)
    if (secret !== undefined && pin.departedAt === undefined) {
      await updatePin(gated, secret, { ...pin, departedAt: time(clock()) }, signal)
      // The Secret as it is now comes with the watch.
      return done()
    }
    await drop(clusterId)
    if (reader !== undefined && reader.seen.profileUID === pin.profileUID)
      await removeReader(gated, exchangeNamespace, reader.name, clusterId, signal)
    await gated.delete(CONFIG_MAPS, `link-${clusterId}`, agentNamespace, { signal }).catch(ignoreNotFound)
    if (secret !== undefined) await deletePin(gated, secret, signal)
    for (const memory of [this.#notices, this.#readAt, this.#fetches, this.#issued]) memory.delete(clusterId)
    this.#held.forget(clusterId)
    this.#tell('Normal', 'MemberLeft', `cluster ${clusterId} has left the ClusterSet`)
    return done()
  }

  async #serve(
    clusterId: string,
    verdict: PeerVerdict,
    reader: OwnReader | undefined,
    signal: AbortSignal,
  ): Promise<Outcome | NotYet> {
    const { gated, exchangeNamespace, registry, records } = this.#options
    switch (verdict.reader) {
      case 'none':
      case 'keep':
        return done()
      case 'remove':
        if (reader !== undefined) await removeReader(gated, exchangeNamespace, reader.name, clusterId, signal)
        return done()
      case 'issue':
        return this.#issue(clusterId, verdict.request, reader, signal)
      case 'lay': {
        const { client, namespace } = registry() ?? {}
        if (client === undefined || namespace === undefined || reader?.credential === undefined) return done()
        if (records.pins.get(clusterId) === undefined) return done()
        await layCredential(gated, { client, namespace }, reader.credential, verdict.request, signal)
        return done()
      }
    }
  }

  async #issue(
    clusterId: string,
    request: string,
    reader: OwnReader | undefined,
    signal: AbortSignal,
  ): Promise<Outcome | NotYet> {
    const { records, exchangeNamespace, clusterId: publisher, clock } = this.#options
    const { membership: record, pins } = records
    const pin = pins.get(clusterId)
    if (record === undefined || pin === undefined) return done()
    const last = this.#issued.get(clusterId)
    const isInCache = last === undefined || reader?.credential?.issuedAt === last.issuedAt
    if (last !== undefined && !isInCache && performance.now() - last.at < CACHE_LAG_MS)
      return new NotYet(CACHE_LAG_MS)
    const { credential, issuedFor = '', profileUID } = { credential: undefined, ...reader?.seen }
    const isForTime =
      credential !== undefined &&
      profileUID === pin.profileUID &&
      issuedFor === request &&
      isSameAccess(credential, record.access)
    const wait = isForTime ? Date.parse(credential.issuedAt) + ISSUE_AGAIN_MS - clock() : 0
    if (wait > 0 && wait <= ISSUE_AGAIN_MS) return new NotYet(wait)
    const { issuedAt } = await issueCredential({
      client: this.#issuing,
      exchangeNamespace,
      publisher,
      access: record.access,
      reader: { clusterId, profileUID: pin.profileUID },
      relinkRequested: request,
      now: clock(),
      signal,
    })
    this.#issued.set(clusterId, { issuedAt, at: performance.now() })
    return done()
  }

  async #pickUp(
    pin: PinnedPeer | undefined,
    verdict: PeerVerdict,
    signal: AbortSignal,
  ): Promise<Outcome | NotYet> {
    if (pin === undefined || verdict.credential === 'keep') return done()
    return verdict.credential === 'read' ? this.#read(pin, signal) : this.#fetch(pin, signal)
  }

  async #read(pin: PinnedPeer, signal: AbortSignal): Promise<Outcome | NotYet> {
    const { clusterId: ownId, connection, clock } = this.#options
    const link = connection(pin.clusterId)?.client
    const now = clock()
    const last = this.#readAt.get(pin.clusterId)
    const isTooSoon = last !== undefined && now >= last && now - last < READ_EVERY_MS
    if (link === undefined || isTooSoon) return new NotYet(READ_EVERY_MS)
    this.#readAt.set(pin.clusterId, now)
    const read = await readCredential(link, pin, ownId, signal)
    if (read !== undefined && 'objection' in read) throw new Error(read.objection)
    if (read !== undefined) await this.#store(read, signal)
    return done()
  }

  async #fetch(pin: PinnedPeer, signal: AbortSignal): Promise<Outcome | NotYet> {
    const { clusterId: ownId, registry, clock } = this.#options
    const { clusterId } = pin
    const follower = registry()
    if (follower === undefined) return done()
    const { failures, next } = this.#fetches.get(clusterId) ?? { failures: 0, next: 0 }
    const wait = next - performance.now()
    if (wait > 0) return new NotYet(wait)
    const delay = Math.min(FETCH.initialMs * FETCH.factor ** failures, FETCH.maxMs)
    this.#fetches.set(clusterId, { failures: failures + 1, next: performance.now() + delay })
    const fetched = await fetchCredential(follower, pin, ownId, clock(), signal)
    if (fetched === undefined) return requeueAfter(delay)
    await this.#store(fetched, signal)
    return done()
  }

  async #store(pin: PinnedPeer, signal: AbortSignal): Promise<void> {
    const { gated, records } = this.#options
    const secret = records.peerSecret(pin.clusterId)
    if (secret !== undefined) await updatePin(gated, secret, pin, signal)
  }

  /** What fails is told in the status, keeps nothing else from being done, and is tried again at the next look. */
  async #attempt(clusterId: string, aspect: Aspect, act: () => Promise<Outcome | NotYet>): Promise<Outcome> {
    try {
      const outcome = await act()
      if (outcome instanceof NotYet) return requeueAfter(outcome.waitMs)
      this.#note(clusterId, aspect, undefined)
      return outcome
    } catch (error) {
      if (isConflict(error)) return requeueAfter(CACHE_LAG_MS)
      this.#note(clusterId, aspect, `${DOING[aspect]}: ${whyUnreadable(error as Error)}`)
      return done()
    }
  }

  #note(clusterId: string, aspect: Aspect, words: string | undefined): void {
    const notices = this.#notices.get(clusterId) ?? new Map<Aspect, string>()
    if (words === undefined) notices.delete(aspect)
    else notices.set(aspect, words)
    if (notices.size === 0) this.#notices.delete(clusterId)
    else this.#notices.set(clusterId, notices)
  }

  #tellHeld(clusterId: string, { isHeld, notice }: PeerVerdict): void {
    this.#note(clusterId, 'held', notice)
    const { agentNamespace, own } = this.#options
    const object = own.namespaces.get(agentNamespace)
    if (object === undefined) return
    const content = {
      type: 'Warning',
      reason: 'PeerChangeHeld',
      action: 'Link',
      note: `cluster ${clusterId}: ${notice}`,
    } as const
    const regarding = { type: NAMESPACES, object, namespace: agentNamespace }
    this.#held.look(clusterId, 'held', regarding, isHeld ? content : undefined)
  }

  #tell(type: 'Normal' | 'Warning', reason: string, note: string): void {
    const { agentNamespace, own, recorder } = this.#options
    const object = own.namespaces.get(agentNamespace)
    if (object === undefined) return
    recorder.record(
      { type: NAMESPACES, object, namespace: agentNamespace },
      { type, reason, action: 'Link', note },
    )
  }
}

const DOING: Readonly<Record<Aspect, string>> = {
  held: 'its profile',
  reader: 'its credential for us to read could not be issued',
  credential: 'our credential for it could not be had',
}

function ignoreNotFound(error: unknown): void {
  if (!isNotFound(error)) throw error
}
