import type { PinnedPeer } from '@isthmus/api'
import type { PeerVerdict } from '@isthmus/core'
import { done, type Outcome, requeueAfter } from '@isthmus/kube'
import type { GatedClient } from '../../leadership/write-gate.ts'
import { NotYet } from './attempt.ts'
import type { ChangingConnection } from './changing-connection.ts'
import { fetchCredential, readCredential } from './credential-pickup.ts'
import type { OwnRecords } from './own-records.ts'
import { updatePin } from './pins.ts'
import type { RegistryFollower } from './registry-follower.ts'

export interface CredentialUpkeepOptions {
  readonly gated: GatedClient
  /** The own one, which reads. */
  readonly clusterId: string
  readonly records: OwnRecords
  readonly registry: () => RegistryFollower | undefined
  readonly connection: (clusterId: string) => ChangingConnection | undefined
  readonly clock: () => number
}

/** How often one is looked for in the registry: a member that joins is there within a moment, or much later. */
const FETCH = { initialMs: 100, maxMs: 5_000, factor: 2 }
/** How often over a link that works. */
const READ_EVERY_MS = 30_000

/** Keeps the own credentials for the exchanges of others fresh. */
export class CredentialUpkeep {
  readonly #options: CredentialUpkeepOptions
  /** When one was last looked for over the link, by the clock. */
  readonly #readAt = new Map<string, number>()
  /** How often one was looked for in the registry in vain, and when it is time again, by a clock that nobody sets. */
  readonly #fetches = new Map<string, { failures: number; next: number }>()

  constructor(options: CredentialUpkeepOptions) {
    this.#options = options
  }

  /** Something of the peer has changed in the registry: what was not there may be. */
  hurry(clusterId: string): void {
    this.#fetches.delete(clusterId)
  }

  forget(clusterId: string): void {
    this.#fetches.delete(clusterId)
    this.#readAt.delete(clusterId)
  }

  /** Does what was decided about the credential for a peer. */
  async pickUp(
    pin: PinnedPeer | undefined,
    { credential }: PeerVerdict,
    signal: AbortSignal,
  ): Promise<Outcome | NotYet> {
    if (pin === undefined || credential === 'keep') return done()
    return credential === 'read' ? this.#read(pin, signal) : this.#fetch(pin, signal)
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
    await this.#store(read, signal)
    return done()
  }

  async #fetch(pin: PinnedPeer, signal: AbortSignal): Promise<Outcome | NotYet> {
    const { clusterId: ownId, registry, clock } = this.#options
    const source = registry()
    if (source === undefined) return done()
    const { failures, next } = this.#fetches.get(pin.clusterId) ?? { failures: 0, next: 0 }
    const wait = next - performance.now()
    if (wait > 0) return new NotYet(wait)
    const delay = Math.min(FETCH.initialMs * FETCH.factor ** failures, FETCH.maxMs)
    this.#fetches.set(pin.clusterId, { failures: failures + 1, next: performance.now() + delay })
    const fetched = await fetchCredential(source, pin, ownId, clock(), signal)
    await this.#store(fetched, signal)
    return fetched === undefined ? requeueAfter(delay) : done()
  }

  async #store(pin: PinnedPeer | undefined, signal: AbortSignal): Promise<void> {
    const { gated, records } = this.#options
    const secret = pin === undefined ? undefined : records.peerSecret(pin.clusterId)
    if (pin !== undefined && secret !== undefined) await updatePin(gated, secret, pin, signal)
  }
}
