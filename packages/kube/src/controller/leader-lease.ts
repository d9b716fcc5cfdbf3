import { LEASES, type Lease } from '@isthmus/api'
import { isNotFound } from '../client/api-error.ts'
import type { ClusterClient } from '../client/cluster-client.ts'
import { Deadline } from '../client/deadline.ts'
import { type Clock, systemClock } from '../clock.ts'
import { Listeners } from '../listeners.ts'
import { decideLease, type ObservedLease, releasedSpec } from './lease-record.ts'

export interface LeaderLeaseOptions {
  client: ClusterClient
  namespace: string
  name: string
  /** Of this process, and of no other: its pod's name and something random. */
  identity: string
  /** How long the others wait for a holder that is silent. Default: 15 s. */
  leaseDurationMs?: number | undefined
  /** When a holder that cannot renew gives up: before the others stop waiting. Default: 10 s. */
  renewDeadlineMs?: number | undefined
  /** Between two attempts. Default: 2 s. */
  retryPeriodMs?: number | undefined
  onError?: ((error: unknown) => void) | undefined
  random?: (() => number) | undefined
  clock?: Clock | undefined
}

/**
 * Leader election on a Lease, as client-go does it. It makes it unlikely that two work at the same time and
 * rules out nothing: a process that was paused may still believe that it leads. Writes are safe by their
 * preconditions, not by this.
 */
export class LeaderLease {
  readonly #options: LeaderLeaseOptions
  readonly #clock: Clock
  readonly #listeners = new Listeners<[leading: boolean]>()
  readonly #candidate: { identity: string; leaseDurationMs: number }
  #observed: ObservedLease | undefined
  #leading = false
  #renewedAt = 0
  #running: { stopping: AbortController; ended: Promise<void> } | undefined

  constructor(options: LeaderLeaseOptions) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#candidate = { identity: options.identity, leaseDurationMs: options.leaseDurationMs ?? 15_000 }
  }

  get leading(): boolean {
    return this.#leading
  }

  /** Who holds the Lease, as last seen; undefined if nobody does. */
  get holder(): string | undefined {
    return this.#observed?.lease.spec?.holderIdentity || undefined
  }

  /** Called when it begins or ceases to lead. Returns the function that ends the subscription. */
  subscribe(listener: (leading: boolean) => void): () => void {
    return this.#listeners.add(listener)
  }

  start(): void {
    if (this.#running !== undefined) return
    const stopping = new AbortController()
    this.#running = { stopping, ended: this.#run(stopping.signal) }
  }

  /** Ceases to lead, and gives the Lease back if it can. */
  async stop(): Promise<void> {
    const running = this.#running
    if (running === undefined) return
    running.stopping.abort()
    await running.ended
    if (this.#running === running) this.#running = undefined
  }

  async #run(stopping: AbortSignal): Promise<void> {
    const { retryPeriodMs = 2000, renewDeadlineMs = 10_000, random = Math.random, onError } = this.#options
    const leftMs = () => Math.max(this.#renewedAt + renewDeadlineMs - this.#clock.elapsed(), 0)
    while (!stopping.aborted) {
      // A request that hangs must not keep a leader beyond its deadline.
      const deadline = new Deadline(this.#leading ? leftMs() : renewDeadlineMs, stopping)
      try {
        await this.#tryToHold(deadline.signal)
      } catch (error) {
        if (!stopping.aborted) onError?.(error)
      } finally {
        deadline.cancel()
      }
      if (this.#leading && leftMs() === 0) this.#lead(false)
      // Candidates spread out, or they would all run for a free Lease at once.
      const pauseMs = this.#leading ? Math.min(retryPeriodMs, leftMs()) : retryPeriodMs * (1 + 1.2 * random())
      await this.#clock.sleep(pauseMs, stopping).catch(() => {})
    }
    const led = this.#leading
    this.#lead(false)
    if (led) await this.#release()
  }

  async #tryToHold(signal: AbortSignal): Promise<void> {
    const { client } = this.#options
    // A leader knows the Lease from its own last write: a conflict says if somebody else wrote.
    if (!this.#leading) await this.#observe(signal)
    const startedAt = this.#clock.elapsed()
    const decision = decideLease(this.#observed, this.#candidate, startedAt, this.#clock.now())
    if (decision.kind === 'wait') return this.#lead(false)
    const current = this.#observed?.lease ?? this.#newLease()
    const next = { ...current, spec: decision.spec }
    try {
      const lease = await (this.#observed === undefined
        ? client.create(LEASES, next, { signal })
        : client.update(LEASES, next, { signal }))
      this.#observed = { lease, changedAt: startedAt }
      this.#renewedAt = startedAt
      this.#lead(true)
    } catch (error) {
      // Somebody else wrote it, or removed it, or the answer was lost: what it is now has to be read.
      await this.#observe(signal).catch(() => {})
      if (this.holder !== this.#candidate.identity) this.#lead(false)
      throw error
    }
  }

  async #observe(signal: AbortSignal): Promise<void> {
    const { client, namespace, name } = this.#options
    try {
      const lease = await client.get(LEASES, name, namespace, { signal })
      if (lease.metadata.resourceVersion !== this.#observed?.lease.metadata.resourceVersion) {
        this.#observed = { lease, changedAt: this.#clock.elapsed() }
      }
    } catch (error) {
      if (!isNotFound(error)) throw error
      this.#observed = undefined
    }
  }

  async #release(): Promise<void> {
    const lease = this.#observed?.lease
    if (lease?.spec?.holderIdentity !== this.#candidate.identity) return
    const released = { ...lease, spec: releasedSpec(lease.spec, this.#clock.now()) }
    const deadline = new Deadline(2000, undefined)
    const { signal } = deadline
    await this.#options.client.update(LEASES, released, { signal }).catch(this.#options.onError ?? (() => {}))
    deadline.cancel()
  }

  #newLease(): Lease {
    const { namespace, name } = this.#options
    return { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: { namespace, name } }
  }

  #lead(leading: boolean): void {
    if (leading === this.#leading) return
    this.#leading = leading
    this.#listeners.call(leading)
  }
}
