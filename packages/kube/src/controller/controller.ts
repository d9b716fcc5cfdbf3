import { setImmediate as turn } from 'node:timers/promises'
import type { BackoffOptions } from '../backoff.ts'
import { ApiError } from '../client/api-error.ts'
import { type Outcome, retry } from './outcome.ts'
import { type AddOptions, WorkQueue } from './work-queue.ts'

export interface ControllerOptions<K extends string = string> {
  /** For messages and metrics. */
  name: string
  /** Makes what the key stands for as it should be. Thrown errors are retried as `retry` is. */
  reconcile: (key: K, signal: AbortSignal) => Promise<Outcome>
  /** Keys worked on at once; one key never twice. Default: 1. */
  concurrency?: number | undefined
  /** Of these, how many that are not urgent. Default: all. */
  normalAtOnce?: number | undefined
  /** The same while urgent ones keep coming. Default: `normalAtOnce`. */
  normalBesideUrgent?: number | undefined
  /** Of retries. Default: 20 ms, doubled up to a minute. */
  backoff?: BackoffOptions | undefined
  random?: (() => number) | undefined
  /** A reconcile failed and will be tried again after so long. */
  onError?: ((error: unknown, key: K, retryInMs: number) => void) | undefined
  /** For metrics: a reconcile ended. */
  onReconciled?:
    | ((result: { key: K; outcome: Outcome; durationMs: number; queued: number }) => void)
    | undefined
}

/** For how long keys are worked on before the event loop has its turn. */
const TURN_MS = 5

/** Works keys off a queue: the loop around a reconcile function. */
export class Controller<K extends string = string> {
  readonly name: string
  readonly queue: WorkQueue<K>
  readonly #options: ControllerOptions<K>
  readonly #stopping = new AbortController()
  readonly #idlers: (() => void)[] = []
  #workers: Promise<void>[] = []
  #turnStarted = 0

  constructor(options: ControllerOptions<K>) {
    this.name = options.name
    this.#options = options
    this.queue = new WorkQueue(options)
  }

  /** Before `start` too: the key waits. */
  enqueue(key: K, options?: AddOptions): void {
    this.queue.add(key, options)
  }

  start(): void {
    if (this.#workers.length > 0 || this.#stopping.signal.aborted) return
    this.#workers = Array.from({ length: this.#options.concurrency ?? 1 }, () => this.#work())
  }

  /** Waits for the reconciles under way, whose signal is aborted. It cannot be started again. */
  async stop(): Promise<void> {
    this.#stopping.abort()
    this.queue.close()
    await Promise.all(this.#workers)
    this.#wakeIdlers()
  }

  /** No key waits or is worked on; keys that were put off do not count. For tests. */
  idle(): Promise<void> {
    if (this.#isIdle()) return Promise.resolve()
    return new Promise(resolve => this.#idlers.push(resolve))
  }

  async #work(): Promise<void> {
    for (let key = await this.queue.get(); key !== undefined; key = await this.queue.get()) {
      const started = performance.now()
      const outcome = await this.#reconcile(key)
      if (!this.#stopping.signal.aborted) this.#settle(key, outcome)
      this.queue.done(key)
      const durationMs = performance.now() - started
      this.#options.onReconciled?.({ key, outcome, durationMs, queued: this.queue.size })
      if (this.#isIdle()) this.#wakeIdlers()
      await this.#takeTurns()
    }
  }

  /**
   * Keys of which nothing is to be written wait for nobody: a crowd of them would hold up all that arrives meanwhile, and
   * with it the live changes that go ahead of a crowd.
   */
  async #takeTurns(): Promise<void> {
    if (performance.now() - this.#turnStarted < TURN_MS) return
    await turn()
    this.#turnStarted = performance.now()
  }

  async #reconcile(key: K): Promise<Outcome> {
    try {
      return await this.#options.reconcile(key, this.#stopping.signal)
    } catch (error) {
      return retry(error)
    }
  }

  #settle(key: K, outcome: Outcome): void {
    switch (outcome.kind) {
      case 'done':
        this.queue.forget(key)
        break
      case 'requeue':
        this.queue.forget(key)
        this.queue.addAfter(key, outcome.afterMs)
        break
      case 'retry': {
        const asked = outcome.error instanceof ApiError ? outcome.error.retryAfterMs : undefined
        const retryInMs = this.queue.addRateLimited(key, asked)
        this.#options.onError?.(outcome.error, key, retryInMs)
      }
    }
  }

  #isIdle(): boolean {
    return this.queue.size === 0 && this.queue.working === 0
  }

  #wakeIdlers(): void {
    for (const wake of this.#idlers.splice(0)) wake()
  }
}
