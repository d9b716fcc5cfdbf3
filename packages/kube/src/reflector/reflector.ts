import type { KubernetesObject, ResourceType } from '@isthmus/api'
import { type BackoffOptions, backoffDelay } from '../backoff.ts'
import { ApiError } from '../client/api-error.ts'
import type { ClusterClient, WatchEvent } from '../client/cluster-client.ts'
import { objectKey } from '../client/resource-path.ts'
import { type Clock, systemClock } from '../clock.ts'
import { Listeners } from '../listeners.ts'
import { type Rate, TokenBucket } from '../token-bucket.ts'
import { Intake, IntakeLimitError, type IntakeLimits } from './intake.ts'
import { listAll } from './list-all.ts'
import {
  isUnreached,
  type Recovery,
  recoveryFrom,
  ShortWatchError,
  SilentWatchError,
  VersionWentBackError,
} from './recovery.ts'
import { isLower } from './resource-version.ts'
import { SilenceGuard } from './silence-guard.ts'
import { type IndexFunction, Store } from './store.ts'
import { Witness } from './witness.ts'

export interface ReflectorOptions<T extends KubernetesObject> {
  client: ClusterClient
  type: ResourceType<T>
  /** Default: all namespaces. */
  namespace?: string | undefined
  labelSelector?: string | undefined
  fieldSelector?: string | undefined
  /** What is kept of an object, which it may change in place. Default: all but metadata.managedFields. */
  trim?: ((object: T) => T) | undefined
  indexes?: Record<string, IndexFunction<T>> | undefined
  /** Of a server that is not trusted: what is beyond is not taken, and the store stays as it was. */
  limits?: IntakeLimits | undefined
  /** How fast events of such a server are taken; what comes faster waits in the connection, and there. */
  eventRate?: Rate | undefined
  /** Objects per page of a list. Default: 500. */
  pageSize?: number | undefined
  /** Default: 250 ms, doubled up to 30 s, half of it random. */
  backoff?: BackoffOptions | undefined
  /**
   * After how long without an event or a bookmark a watch is given up. Default: 100 s, as API servers send a
   * bookmark a minute, give or take a quarter. Doubled, up to 16 times, for those that send none.
   */
  silenceMs?: number | undefined
  random?: (() => number) | undefined
  clock?: Clock | undefined
}

export interface ReflectorState {
  /** `waiting`: until the next attempt, because of `error`. */
  phase: 'listing' | 'watching' | 'waiting' | 'stopped'
  /** Why the store may be behind; kept until the server accepts a watch again. */
  error?: Error
  /** When the server last answered or sent something, in milliseconds of the wall clock. */
  lastContact?: number
  /** The version that the store has reached. */
  resourceVersion?: string
  /** A list had a lower version than one seen before: the server was restored from a backup, or made anew. */
  restored: boolean
}

/** A server may end a watch a little before it was asked to. */
const EARLY_MS = 5_000
const LIMIT_RETRY_MS = 60_000
const DEFAULT_BACKOFF: BackoffOptions = { initialMs: 250, maxMs: 30_000, factor: 2 }

/**
 * Keeps a store in step with the objects of one kind on a server: a list, then watches from where it ended.
 * Whatever fails is tried again for ever, and meanwhile the store holds what was last known.
 */
export class Reflector<T extends KubernetesObject> {
  readonly store: Store<T>
  readonly #options: ReflectorOptions<T>
  readonly #clock: Clock
  readonly #random: () => number
  readonly #trim: (object: T) => T
  #intake: Intake | undefined
  readonly #events: TokenBucket | undefined
  readonly #silence: SilenceGuard
  readonly #witness: Witness<T>
  readonly #stateListeners = new Listeners<[ReflectorState]>()
  readonly #synced = Promise.withResolvers<void>()
  #state: ReflectorState = { phase: 'stopped', restored: false }
  #isSynced = false
  /** In a row; an event ends the row, and so does the return of a server that was away. */
  #failures = 0
  /** The last attempt did not reach the server. */
  #isAway = false
  #running: { stopping: AbortController; ended: Promise<void> } | undefined

  constructor(options: ReflectorOptions<T>) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? Math.random
    this.#trim = options.trim ?? withoutManagedFields
    this.#silence = new SilenceGuard(options.silenceMs ?? 100_000, this.#clock)
    const { eventRate } = options
    this.#events =
      eventRate === undefined ? undefined : new TokenBucket(eventRate, () => this.#clock.elapsed())
    this.store = new Store(options.indexes)
    this.#witness = new Witness(this.store)
  }

  get state(): ReflectorState {
    return { ...this.#state }
  }

  /** The first list has succeeded: what is not in the store is not there. */
  get synced(): boolean {
    return this.#isSynced
  }

  start(): void {
    if (this.#running !== undefined) return
    const stopping = new AbortController()
    this.#running = { stopping, ended: this.#run(stopping.signal) }
  }

  /** The store stays as it is. It can be started again. */
  async stop(): Promise<void> {
    const running = this.#running
    if (running === undefined) return
    running.stopping.abort()
    await running.ended
    if (this.#running === running) this.#running = undefined
  }

  /** Rejects with the signal's reason, and never otherwise: failures are in the state, and tried again. */
  whenSynced(signal?: AbortSignal): Promise<void> {
    if (signal === undefined || this.#isSynced) return this.#synced.promise
    const { promise, resolve, reject } = Promise.withResolvers<void>()
    const onAbort = () => reject(signal.reason)
    if (signal.aborted) onAbort()
    signal.addEventListener('abort', onAbort, { once: true })
    void this.#synced.promise.then(() => {
      signal.removeEventListener('abort', onAbort)
      resolve()
    })
    return promise
  }

  /** Called when phase, error or restored change. Returns the function that ends the subscription. */
  subscribeState(listener: (state: ReflectorState) => void): () => void {
    return this.#stateListeners.add(listener)
  }

  async #run(stopping: AbortSignal): Promise<void> {
    let from: Recovery['from'] = 'relist'
    while (!stopping.aborted) from = await this.#follow(from, stopping)
    this.#change({ phase: 'stopped' })
  }

  /** Follows the server until something ends it; returns, after having waited, how to take it up again. */
  async #follow(from: Recovery['from'], stopping: AbortSignal): Promise<Recovery['from']> {
    let listed = from !== 'relist'
    try {
      if (!listed) await this.#list(stopping)
      listed = true
      if (from === 'recheck') await this.#checkHistory(stopping)
      return await this.#watch(stopping)
    } catch (error) {
      if (stopping.aborted) return 'relist'
      const recovery: Recovery = listed ? recoveryFrom(error) : { from: 'relist', now: false }
      const wasAway = this.#isAway
      this.#isAway = isUnreached(error)
      // An API server that was restarted says 403, 429 and 410 until its caches are filled: a matter of moments.
      // A watch that was silent was one for as long: on a kind of which nothing happens, servers may send no bookmark.
      if ((wasAway && !this.#isAway) || error instanceof SilentWatchError) this.#failures = 0
      this.#failures++
      const wait = !recovery.now || this.#failures > 1
      // What is taken up again at once is nothing yet that anybody has to know.
      this.#change(wait ? { phase: 'waiting', error: error as Error } : { phase: 'listing' })
      if (wait) await this.#clock.sleep(this.#delayAfter(error), stopping).catch(() => {})
      return recovery.from
    }
  }

  async #list(signal: AbortSignal): Promise<void> {
    this.#change({ phase: 'listing' })
    const { client, type, pageSize = 500, limits } = this.#options
    const intake = limits === undefined ? undefined : new Intake(limits)
    const { objects, resourceVersion } = await listAll(client, type, {
      ...this.#selection(),
      signal,
      pageSize,
      maxBytes: limits?.pageBytes,
      // A page at a time: what is too much is not even held until the end of the list.
      trim: object => {
        const trimmed = this.#trim(object)
        intake?.add(trimmed)
        return trimmed
      },
      onPage: () => this.#heard(),
    })
    const wentBack = isLower(resourceVersion, this.#state.resourceVersion)
    // In a history that parted from the one known, a version may stand for something else.
    this.store.replace(objects, { trustVersions: !wentBack })
    this.#witness.listed()
    this.#intake = intake
    this.#change({ resourceVersion, restored: this.#state.restored || wentBack })
    this.#isSynced = true
    this.#synced.resolve()
  }

  /** The smallest list tells the version that the server is at, its last change whether it is still the same. */
  async #checkHistory(signal: AbortSignal): Promise<void> {
    const { client, type } = this.#options
    const { metadata } = await client.list(type, { ...this.#selection(), limit: 1, signal })
    this.#heard()
    const { resourceVersion: known } = this.#state
    const current = metadata.resourceVersion ?? ''
    if (isLower(current, known)) throw new VersionWentBackError(known, current)
    await this.#witness.question(client, type, { signal })
  }

  /** Follows until the server ends the watch; returns how to take it up again. */
  async #watch(stopping: AbortSignal): Promise<Recovery['from']> {
    const { client, type } = this.#options
    const started = this.#clock.elapsed()
    const { signal, end } = this.#silence.watch(stopping)
    // As client-go: the load on the server spreads, and a client that is forgotten does not last.
    const timeoutSeconds = Math.round(300 * (1 + this.#random()))
    let events = 0
    try {
      const stream = client.watch(type, {
        ...this.#selection(),
        signal,
        resourceVersion: this.#state.resourceVersion,
        allowWatchBookmarks: true,
        timeoutSeconds,
        onOpen: () => this.#opened(),
      })
      for await (const event of stream) {
        const wait = this.#events?.reserve() ?? 0
        if (wait > 0) await this.#clock.sleep(wait, stopping)
        if (events++ === 0) this.#opened()
        this.#failures = 0
        this.#apply(event)
      }
    } finally {
      end()
    }
    signal.throwIfAborted()
    const lasted = this.#clock.elapsed() - started
    if (events === 0 && lasted < 1000) throw new ShortWatchError()
    this.#failures = 0
    // Ended before its time: the server stops, or its store was exchanged under it.
    return lasted < timeoutSeconds * 1000 - EARLY_MS ? 'recheck' : 'rewatch'
  }

  #apply({ type, object }: WatchEvent<T>): void {
    this.#heard()
    const { resourceVersion } = object.metadata
    if (resourceVersion !== undefined && isLower(resourceVersion, this.#state.resourceVersion)) {
      throw new VersionWentBackError(this.#state.resourceVersion, resourceVersion)
    }
    if (type === 'BOOKMARK') this.#silence.expectBookmarks()
    else if (!this.#isOvertaken(object)) this.#put(type, object)
    if (resourceVersion !== undefined) this.#state.resourceVersion = resourceVersion
  }

  #put(type: WatchEvent<T>['type'], object: T): void {
    if (type === 'DELETED') {
      this.#intake?.drop(objectKey(object))
      this.#witness.deleted(object)
      this.store.delete(objectKey(object))
    } else {
      const trimmed = this.#trim(object)
      this.#intake?.take(trimmed)
      this.store.set(trimmed)
    }
  }

  /**
   * The store has a later version: of a write whose answer was quicker than the watch. Going back to this one, only
   * to come to the later one again, would be two changes that never happened.
   */
  #isOvertaken(object: T): boolean {
    const { resourceVersion } = object.metadata
    const stored = this.store.get(objectKey(object))?.metadata.resourceVersion
    return resourceVersion !== undefined && isLower(resourceVersion, stored)
  }

  #selection(): Pick<ReflectorOptions<T>, 'namespace' | 'labelSelector' | 'fieldSelector'> {
    const { namespace, labelSelector, fieldSelector } = this.#options
    return { namespace, labelSelector, fieldSelector }
  }

  #opened(): void {
    this.#heard()
    const { error, ...state } = this.#state
    if (error === undefined && state.phase === 'watching') return
    this.#state = state
    this.#change({ phase: 'watching' })
  }

  #heard(): void {
    this.#state.lastContact = this.#clock.now()
    this.#silence.heard()
  }

  #delayAfter(error: unknown): number {
    const backoff = backoffDelay(this.#options.backoff ?? DEFAULT_BACKOFF, this.#failures, this.#random)
    const asked = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0
    // To read as much again for nothing is what whoever sends too much would like.
    const least = error instanceof IntakeLimitError ? LIMIT_RETRY_MS : 0
    return Math.max(backoff, least, asked * (1 + this.#random() / 4))
  }

  #change(change: Partial<ReflectorState>): void {
    const { phase, error, restored } = this.#state
    this.#state = { ...this.#state, ...change }
    const same =
      phase === this.#state.phase && error === this.#state.error && restored === this.#state.restored
    if (!same) this.#stateListeners.call(this.state)
  }
}

/** The server keeps its own when an update has none. */
function withoutManagedFields<T extends KubernetesObject>(object: T): T {
  delete object.metadata.managedFields
  return object
}
