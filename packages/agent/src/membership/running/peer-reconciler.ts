import { type PinnedPeer, READER_SLOTS } from '@isthmus/api'
import { decidePeer, type PeerVerdict } from '@isthmus/core'
import { done, type Outcome } from '@isthmus/kube'
import { forgetLink } from '../../links/link-object.ts'
import type { Links } from '../../links/links.ts'
import { time } from '../../timestamps.ts'
import { attempt } from './attempt.ts'
import { CredentialUpkeep, type CredentialUpkeepOptions } from './credential-upkeep.ts'
import type { OwnReader, OwnReaders } from './own-readers.ts'
import { PeerNotices, type PeerNoticesOptions } from './peer-notices.ts'
import { createPin, deletePin, newPin, updatePin } from './pins.ts'
import { ReaderUpkeep, type ReaderUpkeepOptions } from './reader-upkeep.ts'

export interface PeerReconcilerOptions
  extends ReaderUpkeepOptions,
    CredentialUpkeepOptions,
    PeerNoticesOptions {
  readonly readers: OwnReaders
  readonly links: Links
  /** Ends the link. */
  readonly drop: (clusterId: string) => Promise<void>
}

/** Does what is decided about one other member: pins it, issues for it, keeps its credential fresh, forgets it. */
export class PeerReconciler {
  readonly notices: PeerNotices
  readonly #options: PeerReconcilerOptions
  readonly #readers: ReaderUpkeep
  readonly #credentials: CredentialUpkeep

  constructor(options: PeerReconcilerOptions) {
    this.#options = options
    this.notices = new PeerNotices(options)
    this.#readers = new ReaderUpkeep(options)
    this.#credentials = new CredentialUpkeep(options)
  }

  /** Something of the peer has changed in the registry. */
  hurry(clusterId: string): void {
    this.#credentials.hurry(clusterId)
  }

  async reconcile(clusterId: string, signal: AbortSignal): Promise<Outcome> {
    const { records, readers, registry, clock } = this.#options
    const record = records.membership
    if (record === undefined || record.state === 'leaving') return done()
    const pin = records.pins.get(clusterId)
    const reader = readers.of(clusterId, pin?.profileUID)
    const verdict = decidePeer({
      clusterId,
      clusterset: record.clusterset,
      ownAccess: record.access,
      pin,
      registry: registry()?.seen(clusterId),
      reader: reader?.seen,
      isRefused: this.#isRefused(clusterId),
      now: clock(),
    })
    this.notices.decided(clusterId, verdict)
    const tellOfPin = (why: string | undefined) => this.notices.note(clusterId, 'pin', why)
    if (verdict.pin === 'forget' && pin !== undefined)
      return attempt(() => this.#forget(pin, reader, signal), tellOfPin)
    const pinned = await attempt(() => this.#pin(clusterId, pin, verdict, signal), tellOfPin)
    const served = await attempt(
      () => this.#readers.serve(pin, verdict, reader, record, signal),
      why => this.notices.note(clusterId, 'reader', why && `it gets no credential from us: ${why}`),
    )
    const pickedUp = await attempt(
      () => this.#credentials.pickUp(pin, verdict, signal),
      why => this.notices.note(clusterId, 'credential', why && `we get no credential for it: ${why}`),
    )
    return [pinned, served, pickedUp].reduce(sooner)
  }

  #isRefused(clusterId: string): boolean {
    const { connection, links } = this.#options
    // What is read is read with the token there is: a refusal before was of a moment. A watch alone may be from before.
    const link = links.get(clusterId)
    return connection(clusterId)?.isRefused === true && (link?.isRead !== true || link.isTokenRefused)
  }

  async #pin(
    clusterId: string,
    pin: PinnedPeer | undefined,
    verdict: PeerVerdict,
    signal: AbortSignal,
  ): Promise<Outcome> {
    const { gated, agentNamespace, records, registry, clock } = this.#options
    const profile = verdict.pin === 'make' ? registry()?.profile(clusterId) : undefined
    const wanted = pin ?? (profile === undefined ? undefined : newPin(profile, clock()))
    // One that is known but not stored was deleted by somebody: without it, the link would be gone with this process.
    if (wanted === undefined || (pin !== undefined && records.peerSecret(clusterId) !== undefined))
      return done()
    if (pin === undefined && records.pins.size >= READER_SLOTS)
      throw new Error(`not linked: this cluster has ${READER_SLOTS} peers, which is the most`)
    await createPin(gated, agentNamespace, wanted, signal)
    return done()
  }

  /** What is here of a member that left; its pin goes last, so that all this can be interrupted anywhere. */
  async #forget(pin: PinnedPeer, reader: OwnReader | undefined, signal: AbortSignal): Promise<Outcome> {
    const { gated, agentNamespace, records, drop, clock } = this.#options
    const { clusterId } = pin
    const secret = records.peerSecret(clusterId)
    if (secret !== undefined && pin.departedAt === undefined) {
      await updatePin(gated, secret, { ...pin, departedAt: time(clock()) }, signal)
      // The Secret as it is now comes with the watch.
      return done()
    }
    await drop(clusterId)
    if (reader?.seen.profileUID === pin.profileUID) await this.#readers.remove(reader, signal)
    await forgetLink(gated, agentNamespace, clusterId, signal)
    if (secret !== undefined) await deletePin(gated, secret, signal)
    records.forget(clusterId)
    this.#credentials.forget(clusterId)
    this.#readers.forget(clusterId)
    this.notices.left(clusterId)
    return done()
  }
}

function sooner(one: Outcome, other: Outcome): Outcome {
  if (one.kind !== 'requeue') return other
  if (other.kind !== 'requeue') return one
  return one.afterMs <= other.afterMs ? one : other
}
