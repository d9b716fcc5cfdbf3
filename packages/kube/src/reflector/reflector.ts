import type { KubernetesObject, ResourceType } from '@isthmus/api'
import { type BackoffOptions, backoffDelay } from '../backoff.ts'
import { ApiError } from '../client/api-error.ts'
import type { ClusterClient } from '../client/cluster-client.ts'
import { objectKey } from '../client/resource-path.ts'
import { type Clock, systemClock } from '../clock.ts'
import { listAll } from './list-all.ts'
import { recoveryFrom, ShortWatchError, SilentWatchError, VersionWentBackError } from './recovery.ts'
import { compareVersions } from './resource-version.ts'
import { type IndexFunction, Store } from './store.ts'

export interface ReflectorOptions<T extends KubernetesObject> {
  client: ClusterClient
  type: ResourceType<T>
  /** Default: all namespaces. */
  namespace?: string | undefined
  labelSelector?: string | undefined
  fieldSelector?: string | undefined
  /** What of an object is kept. Default: all but metadata.managedFields. */
  trim?: ((object: T) => T) | undefined
  indexes?: Record<string, IndexFunction<T>> | undefined
  /** Objects per page of a list. Default: 500. */
  pageSize?: number | undefined
  /** Default: 250 ms, doubled up to 30 s, half of it random. */
  backoff?: BackoffOptions | undefined
  /**
   * After how long without a word a watch is given up. Default: 100 s; API servers send a bookmark a
   * minute, give or take a quarter.
   */
  silenceMs?: number | undefined
  random?: (() => number) | undefined
  clock?: Clock | undefined
}

export interface ReflectorState {
  /** `waiting`: until the next attempt, after `error`. */
  phase: 'listing' | 'watching' | 'waiting' | 'stopped'
  /** Why the store may be behind; unset while all is well. */
  error?: Error
  /** When the server last said anything, by the clock: milliseconds. */
  lastContact?: number
  /** The version that the store has reached. */
  resourceVersion?: string
  /** A list had a lower version than one seen before: the server was restored from a backup, or made anew. */
  restored: boolean
}

const DEFAULT_BACKOFF: BackoffOptions = { initialMs: 250, maxMs: 30_000, factor: 2 }

/** Keeps a store in step with the objects of one kind on a server, for ever: whatever fails is tried again. */
export class Reflector<T extends KubernetesObject> {
  readonly store: Store<T>
  readonly #options: ReflectorOptions<T>
  readonly #clock: Clock
  readonly #random: () => number
  readonly #trim: (object: T) => T
  readonly #stateListeners = new Set<(state: ReflectorState) => void>()
  readonly #synced = Promise.withResolvers<void>()
  #state: ReflectorState = { phase: 'stopped', restored: false }
  #isSynced = false
  #failures = 0
  #running: { stopping: AbortController; ended: Promise<void> } | undefined

  constructor(options: ReflectorOptions<T>) {
    this.#options = options
    this.#clock = options.clock ?? systemClock
    this.#random = options.random ?? Math.random
    this.#trim = options.trim ?? withoutManagedFields
    this.store = new Store(options.indexes)
  }

  get state(): ReflectorState {
    return this.#state
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

  async stop(): Promise<void> {
    const running = this.#running
    if (running === undefined) return
    running.stopping.abort()
    await running.ended
    this.#running = undefined
  }

  /** Rejects with the signal's reason only: failures are in the state, and tried again. */
  whenSynced(signal?: AbortSignal): Promise<void> {
    if (signal === undefined) return this.#synced.promise
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
    this.#stateListeners.add(listener)
    return () => {
      this.#stateListeners.delete(listener)
    }
  }

  async #run(stopping: AbortSignal): Promise<void> {
    let from: 'rewatch' | 'relist' = 'relist'
    while (!stopping.aborted) {
      try {
        if (from === 'relist') await this.#list(stopping)
        from = 'relist'
        await this.#watch(stopping)
        from = 'rewatch'
      } catch (error) {
        if (stopping.aborted) break
        const recovery = recoveryFrom(error)
        if (this.#state.phase !== 'listing') from = recovery.from
        this.#failures++
        if (recovery.now && this.#failures === 1) continue
        this.#change({ phase: 'waiting', error: error as Error })
        await this.#clock.sleep(this.#delay(error), stopping).catch(() => {})
      }
    }
    this.#change({ phase: 'stopped' })
  }

  async #list(signal: AbortSignal): Promise<void> {
    this.#change({ phase: 'listing' })
    const { client, type, namespace, labelSelector, fieldSelector, pageSize = 500 } = this.#options
    const { objects, resourceVersion } = await listAll(client, type, {
      namespace,
      labelSelector,
      fieldSelector,
      signal,
      pageSize,
      trim: this.#trim,
      onPage: () => this.#heard(),
    })
    const before = this.#state.resourceVersion
    const wentBack = before !== undefined && (compareVersions(resourceVersion, before) ?? 0) < 0
    this.store.replace(objects)
    this.#state = { ...this.#state, resourceVersion, restored: this.#state.restored || wentBack }
    this.#isSynced = true
    this.#synced.resolve()
  }

  async #watch(stopping: AbortSignal): Promise<void> {
    const { client, type, namespace, labelSelector, fieldSelector } = this.#options
    const ending = new AbortController()
    const signal = AbortSignal.any([stopping, ending.signal])
    const started = this.#clock.now()
    let heardOf = false
    const watchdog = this.#giveUpSilent(ending, signal)
    try {
      const events = client.watch(type, {
        namespace,
        labelSelector,
        fieldSelector,
        signal,
        resourceVersion: this.#state.resourceVersion,
        allowWatchBookmarks: true,
        timeoutSeconds: Math.round(300 * (1 + this.#random())),
        onOpen: () => {
          this.#heard()
          this.#change({ phase: 'watching' })
        },
      })
      for await (const event of events) {
        this.#heard()
        this.#failures = 0
        heardOf = true
        this.#apply(event.type, event.object)
      }
    } catch (error) {
      throw ending.signal.aborted ? ending.signal.reason : error
    } finally {
      ending.abort()
      await watchdog
    }
    if (!heardOf && this.#clock.now() - started < 1000) throw new ShortWatchError()
    this.#failures = 0
  }

  #apply(type: 'ADDED' | 'MODIFIED' | 'DELETED' | 'BOOKMARK', object: T): void {
    const version = object.metadata.resourceVersion
    const before = this.#state.resourceVersion
    if (version !== undefined && before !== undefined && (compareVersions(version, before) ?? 0) < 0) {
      throw new VersionWentBackError(before, version)
    }
    if (type === 'DELETED') this.store.delete(objectKey(object))
    else if (type !== 'BOOKMARK') this.store.set(this.#trim(object))
    if (version !== undefined) this.#state.resourceVersion = version
  }

  /** Ends the watch when nothing was heard for too long. */
  async #giveUpSilent(ending: AbortController, signal: AbortSignal): Promise<void> {
    const silenceMs = this.#options.silenceMs ?? 100_000
    let since = this.#clock.now()
    try {
      for (;;) {
        await this.#clock.sleep(Math.max(since + silenceMs - this.#clock.now(), 1), signal)
        since = Math.max(since, this.#state.lastContact ?? 0)
        if (this.#clock.now() - since >= silenceMs) return ending.abort(new SilentWatchError(silenceMs))
      }
    } catch {
      // The watch ended first.
    }
  }

  #heard(): void {
    this.#state.lastContact = this.#clock.now()
  }

  #delay(error: unknown): number {
    const backoff = backoffDelay(this.#options.backoff ?? DEFAULT_BACKOFF, this.#failures, this.#random)
    const asked = error instanceof ApiError ? (error.retryAfterMs ?? 0) : 0
    return Math.max(backoff, asked * (1 + this.#random() / 4))
  }

  #change(change: Pick<ReflectorState, 'phase' | 'error'>): void {
    const { error: _, ...rest } = this.#state
    this.#state = { ...rest, ...change }
    for (const listener of this.#stateListeners) listener(this.#state)
  }
}

/** An update without managedFields leaves the server's as they are. */
function withoutManagedFields<T extends KubernetesObject>(object: T): T {
  delete object.metadata.managedFields
  return object
}
