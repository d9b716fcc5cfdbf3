import { LEASES, type Lease } from '@isthmus/api'
import { isNotFound } from '../client/api-error.ts'
import type { ClusterClient } from '../client/cluster-client.ts'
import { Deadline } from '../client/deadline.ts'
import { type Clock, systemClock } from '../clock.ts'
import { Listeners } from '../listeners.ts'
import { type Candidate, decideLease, type ObservedLease, releasedSpec } from './lease-record.ts'

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
  /** Between two renewals, or attempts at them. Default: 2 s. */
  retryPeriodMs?: number | undefined
  /** How often a candidate looks, up to a fifth less often: so long a Lease lies free. Default: the retry period. */
  pollPeriodMs?: number | undefined
  /** Whether a holder is known to have ended without giving the Lease back: its end is not waited for then. */
  isDead?: ((holder: string) => boolean) | undefined
  /** Somebody else holds the Lease than before, or nobody. */
  onHolder?: ((holder: string | undefined) => void) | undefined
  onError?: ((error: unknown) => void) | undefined
  random?: (() => number) | undefined
  clock?: Clock | undefined
}

/** At the end, for a renewal that is under way: giving it up would leave a Lease of nobody. */
const FINISH_MS = 500
/** At the end, for giving the Lease back. */
const RELEASE_MS = 1_500

/**
 * Leader election on a Lease, as client-go does it. It makes it unlikely that two work at the same time and
 * rules out nothing: a process that was paused may still believe that it leads. Writes are safe by their
 * preconditions, not by this.
 */
export class LeaderLease {
  readonly #options: LeaderLeaseOptions
  readonly #clock: Clock
  readonly #listeners = new Listeners<[leading: boolean]>()
  readonly #candidate: Candidate
  #observed: ObservedLease | undefined
  #leading = false
  #decided = false
  /** A write was given up: it may have been done all the same. */
  #isUncertain = false
  #renewedAt = 0
  #toldHolder: string | undefined
  #running: { stopping: AbortController; abandoning: AbortController; ended: Promise<void> } | undefined

  constructor(options: LeaderLeaseOptions) {
    const { identity, leaseDurationMs = 15_000, isDead } = options
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#candidate = { identity, leaseDurationMs, isDead }
  }

  /** By the clock, also before a timer tells: a process that was paused for long asks before it writes. */
  get leading(): boolean {
    return this.#leading && this.#leftMs() > 0
  }

  /** Who holds the Lease, as last seen; undefined if nobody does. */
  get holder(): string | undefined {
    return this.#observed?.lease.spec?.holderIdentity || undefined
  }

  /** It is known who leads: this candidate, or another. */
  get decided(): boolean {
    return this.#decided
  }

  /** Called when it begins or ceases to lead. Returns the function that ends the subscription. */
  subscribe(listener: (leading: boolean) => void): () => void {
    return this.#listeners.add(listener)
  }

  start(): void {
    if (this.#running !== undefined) return
    const stopping = new AbortController()
    const abandoning = new AbortController()
    this.#running = { stopping, abandoning, ended: this.#run(stopping.signal, abandoning.signal) }
  }

  /** Ceases to lead, and gives the Lease back if it can: within 2 s, also if the server does not answer. */
  async stop(): Promise<void> {
    const running = this.#running
    if (running === undefined) return
    running.stopping.abort()
    const late = setTimeout(() => running.abandoning.abort(), FINISH_MS)
    await running.ended
    clearTimeout(late)
    if (this.#running === running) this.#running = undefined
  }

  async #run(stopping: AbortSignal, abandoning: AbortSignal): Promise<void> {
    const { renewDeadlineMs = 10_000, onError } = this.#options
    while (!stopping.aborted) {
      // A request that hangs must not keep a leader beyond its deadline, nor from trying once more.
      const attemptMs = renewDeadlineMs / 2
      const deadline = new Deadline(
        this.#leading ? Math.min(attemptMs, this.#leftMs()) : attemptMs,
        abandoning,
      )
      let waitMs = Number.POSITIVE_INFINITY
      try {
        waitMs = await this.#tryToHold(deadline.signal)
      } catch (error) {
        if (!stopping.aborted) onError?.(error)
      } finally {
        deadline.cancel()
      }
      this.#tellHolder()
      if (this.#leading && this.#leftMs() === 0) this.#lead(false)
      await this.#clock.sleep(Math.min(this.#pauseMs(), waitMs), stopping).catch(() => {})
    }
    this.#lead(false)
    await this.#release()
  }

  /** Until the lead is over if it is not renewed. */
  #leftMs(): number {
    const { renewDeadlineMs = 10_000 } = this.#options
    return Math.max(this.#renewedAt + renewDeadlineMs - this.#clock.elapsed(), 0)
  }

  #pauseMs(): number {
    const { retryPeriodMs = 2000, pollPeriodMs = retryPeriodMs, random = Math.random } = this.#options
    if (this.#leading) return Math.min(retryPeriodMs, this.#leftMs())
    // Candidates spread out, or they would all run for a free Lease at once.
    return pollPeriodMs * (1 + random() / 5)
  }

  /** Answers how long it is another's, at most. */
  async #tryToHold(signal: AbortSignal): Promise<number> {
    const { client } = this.#options
    // A leader knows the Lease from its own last write: a conflict says if somebody else wrote.
    if (!this.#leading) await this.#observe(signal)
    const startedAt = this.#clock.elapsed()
    const decision = decideLease(this.#observed, this.#candidate, startedAt, this.#clock.now())
    if (decision.kind === 'wait') {
      this.#decided = true
      this.#lead(false)
      return decision.ms
    }
    const current = this.#observed?.lease ?? this.#newLease()
    const next = { ...current, spec: decision.spec }
    try {
      const lease = await (this.#observed === undefined
        ? client.create(LEASES, next, { signal })
        : client.update(LEASES, next, { signal }))
      this.#observed = { lease, changedAt: startedAt }
      this.#renewedAt = startedAt
      this.#isUncertain = false
      this.#decided = true
      this.#lead(true)
      return Number.POSITIVE_INFINITY
    } catch (error) {
      this.#isUncertain = signal.aborted
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
    const { client, onError } = this.#options
    const { identity } = this.#candidate
    if (this.holder !== identity && !this.#isUncertain) return
    const deadline = new Deadline(RELEASE_MS, undefined)
    const { signal } = deadline
    try {
      if (this.#isUncertain) await this.#observe(signal)
      const lease = this.#observed?.lease
      if (lease?.spec?.holderIdentity !== identity) return
      const released = { ...lease, spec: releasedSpec(lease.spec, this.#clock.now()) }
      this.#observed = {
        lease: await client.update(LEASES, released, { signal }),
        changedAt: this.#clock.elapsed(),
      }
    } catch (error) {
      onError?.(error)
    } finally {
      deadline.cancel()
    }
  }

  #tellHolder(): void {
    if (this.holder === this.#toldHolder) return
    this.#toldHolder = this.holder
    this.#options.onHolder?.(this.holder)
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
