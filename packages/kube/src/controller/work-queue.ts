import { type BackoffOptions, backoffDelay } from '../backoff.ts'

export interface WorkQueueOptions {
  /** Delays of addRateLimited. Default: 20 ms, doubled up to a minute, half of it random. */
  backoff?: BackoffOptions | undefined
  random?: (() => number) | undefined
  /**
   * How many keys that are not urgent may be worked on at once: the rest of the workers, and of what the server can do,
   * is left to those that are. Default: any number.
   */
  normalAtOnce?: number | undefined
  /** The same while urgent ones keep coming: each waits for what is under way before it. At least 1. Default: `normalAtOnce`. */
  normalBesideUrgent?: number | undefined
}

export interface AddOptions {
  /** Ahead of what is not urgent: for what changed just now, as opposed to a restart's or resync's crowd. */
  urgent?: boolean | undefined
}

/**
 * Of a key that failed so often in a row, something lasting is in the way; the first few failures are mostly races,
 * which the very change that is added ends.
 */
const LASTING_FAILURES = 5
/** How long such a key then waits after a failure, however often it is added: what changed may be what was in the way. */
const FAILING_PAUSE_MS = 1_000

/** For so long after an urgent key another is expected. */
const URGENT_FOR_MS = 1_000

/** One in so many keys is taken from the slow lane even while urgent ones wait, so that it is never starved. */
const FAIRNESS = 16

/**
 * Keys that wait to be worked on. A key waits at most once; one that is being worked on is not given out
 * again before `done`, and added meanwhile it waits once more after that.
 */
export class WorkQueue<K extends string = string> {
  readonly #backoff: BackoffOptions
  readonly #random: () => number
  readonly #normalAtOnce: number
  readonly #normalBesideUrgent: number
  readonly #urgent = new Set<K>()
  readonly #normal = new Set<K>()
  /** Keys that were given out, and how they are to be added again when they are done. */
  readonly #working = new Map<K, { again: false } | { again: true; urgent: boolean }>()
  /** Of these, the ones that were not urgent. */
  readonly #normalWorking = new Set<K>()
  readonly #delayed = new Map<K, { at: number; urgent: boolean; timer: NodeJS.Timeout }>()
  /** In a row, and until when a key that is added waits. */
  readonly #failures = new Map<K, { count: number; until: number }>()
  readonly #takers: ((key: K | undefined) => void)[] = []
  #urgentInARow = 0
  #lastUrgent = Number.NEGATIVE_INFINITY
  #closed = false

  constructor(options: WorkQueueOptions = {}) {
    this.#backoff = options.backoff ?? { initialMs: 20, maxMs: 60_000, factor: 2 }
    this.#random = options.random ?? Math.random
    this.#normalAtOnce = options.normalAtOnce ?? Number.POSITIVE_INFINITY
    this.#normalBesideUrgent = Math.max(1, options.normalBesideUrgent ?? this.#normalAtOnce)
  }

  /** Keys that wait and could be worked on now. */
  get size(): number {
    return this.#urgent.size + this.#normal.size
  }

  /** Keys that are being worked on. */
  get working(): number {
    return this.#working.size
  }

  isWorkingOn(key: K): boolean {
    return this.#working.has(key)
  }

  /** Keys that will be added later. */
  get delayed(): number {
    return this.#delayed.size
  }

  add(key: K, { urgent = false }: AddOptions = {}): void {
    if (this.#closed) return
    const working = this.#working.get(key)
    if (working !== undefined) {
      this.#forgetDelay(key)
      this.#working.set(key, { again: true, urgent: urgent || (working.again && working.urgent) })
      return
    }
    const pause = (this.#failures.get(key)?.until ?? 0) - performance.now()
    if (pause > 0) this.addAfter(key, pause, { urgent })
    else this.#addNow(key, urgent)
  }

  /** Adds the key later; of several delays the shortest counts, and an `add` ends it. */
  addAfter(key: K, ms: number, { urgent = false }: AddOptions = {}): void {
    if (this.#closed) return
    const at = performance.now() + ms
    const delayed = this.#delayed.get(key)
    if (delayed !== undefined && delayed.at <= at) {
      delayed.urgent ||= urgent
      return
    }
    this.#forgetDelay(key)
    // Node counts timers in 31 bits: a longer delay would fire at once.
    const timer = setTimeout(() => this.#delayOver(key), Math.min(ms, 0x7fffffff))
    this.#delayed.set(key, { at, urgent: urgent || (delayed?.urgent ?? false), timer })
  }

  /**
   * Adds the key after a delay that grows each time until `forget`; at least `atLeastMs`. Returns the delay. It may
   * be added sooner, but of one that fails again and again not at once: changes would pass every backoff.
   */
  addRateLimited(key: K, atLeastMs = 0): number {
    const count = (this.#failures.get(key)?.count ?? 0) + 1
    const ms = Math.max(backoffDelay(this.#backoff, count, this.#random), atLeastMs)
    const pauseMs = count < LASTING_FAILURES ? 0 : Math.min(ms, FAILING_PAUSE_MS)
    this.#failures.set(key, { count, until: performance.now() + pauseMs })
    this.addAfter(key, ms)
    return ms
  }

  /** The key's work succeeded: its next failure is its first. */
  forget(key: K): void {
    this.#failures.delete(key)
  }

  /** What was in the way of keys is gone: they are tried again as soon as they are added. */
  forgetAll(): void {
    this.#failures.clear()
  }

  /** The next key, as soon as there is one; undefined once the queue is closed. Call `done` with it. */
  get(): Promise<K | undefined> {
    if (this.#closed) return Promise.resolve(undefined)
    if (this.#canTake) return Promise.resolve(this.#take())
    const { promise, resolve } = Promise.withResolvers<K | undefined>()
    this.#takers.push(resolve)
    return promise
  }

  done(key: K): void {
    const working = this.#working.get(key)
    this.#working.delete(key)
    this.#normalWorking.delete(key)
    if (working?.again) this.add(key, { urgent: working.urgent })
    this.#serve()
  }

  /** Forgets all that waits and ends the waiting of those who want keys. */
  close(): void {
    this.#closed = true
    for (const { timer } of this.#delayed.values()) clearTimeout(timer)
    this.#delayed.clear()
    this.#urgent.clear()
    this.#normal.clear()
    for (const taker of this.#takers.splice(0)) taker(undefined)
  }

  get #canTakeNormal(): boolean {
    return this.#normal.size > 0 && this.#normalWorking.size < this.#normalLimit
  }

  /** It rises again with the next key that is done, of which there is one for as long as it keeps any waiting. */
  get #normalLimit(): number {
    const isBesideUrgent = performance.now() - this.#lastUrgent < URGENT_FOR_MS
    return isBesideUrgent ? this.#normalBesideUrgent : this.#normalAtOnce
  }

  get #canTake(): boolean {
    return this.#urgent.size > 0 || this.#canTakeNormal
  }

  #serve(): void {
    while (this.#takers.length > 0 && this.#canTake) this.#takers.shift()?.(this.#take())
  }

  #take(): K | undefined {
    const slow = this.#canTakeNormal && (this.#urgent.size === 0 || this.#urgentInARow >= FAIRNESS)
    this.#urgentInARow = slow ? 0 : this.#urgentInARow + 1
    const lane = slow ? this.#normal : this.#urgent
    const key = lane.values().next().value
    if (key === undefined) return undefined
    lane.delete(key)
    this.#working.set(key, { again: false })
    if (slow) this.#normalWorking.add(key)
    else this.#lastUrgent = performance.now()
    return key
  }

  #addNow(key: K, urgent: boolean): void {
    this.#forgetDelay(key)
    if (urgent) {
      this.#normal.delete(key)
      this.#urgent.add(key)
    } else if (!this.#urgent.has(key)) this.#normal.add(key)
    this.#serve()
  }

  #delayOver(key: K): void {
    const urgent = this.#delayed.get(key)?.urgent ?? false
    this.#forgetDelay(key)
    if (this.#working.has(key)) this.add(key, { urgent })
    else this.#addNow(key, urgent)
  }

  #forgetDelay(key: K): void {
    const delayed = this.#delayed.get(key)
    if (delayed === undefined) return
    clearTimeout(delayed.timer)
    this.#delayed.delete(key)
  }
}
