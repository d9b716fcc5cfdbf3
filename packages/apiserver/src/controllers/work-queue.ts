import { setImmediate as nextTurn } from 'node:timers'

/** Answers after how many milliseconds to look at the key again; undefined: when something happens to it. */
export type Reconcile = (key: string) => number | undefined

/** A turn of the event loop belongs to requests: controllers take this much of one at most. */
const TURN_MS = 5
const FIRST_RETRY_MS = 5
const LAST_RETRY_MS = 10_000

/**
 * Keys to reconcile, each once however often it is added. A reconcile that throws is repeated, later each
 * time. Reconciles run in turns of their own, never within the turn that added the key.
 */
export class WorkQueue {
  readonly #reconcile: Reconcile
  readonly #onError: (key: string, error: unknown) => void
  readonly #ready = new Set<string>()
  readonly #failures = new Map<string, number>()
  readonly #timers = new Map<string, Timer>()
  #isScheduled = false
  #isStopped = false

  constructor(reconcile: Reconcile, onError: (key: string, error: unknown) => void) {
    this.#reconcile = reconcile
    this.#onError = onError
  }

  add(key: string): void {
    if (this.#isStopped) return
    this.#clearTimer(key)
    this.#ready.add(key)
    if (this.#isScheduled) return
    this.#isScheduled = true
    nextTurn(() => this.#drain())
  }

  /** Adds the key then, unless it is to be looked at sooner. */
  addAfter(key: string, delayMs: number): void {
    const due = performance.now() + delayMs
    const waiting = this.#timers.get(key)
    if (this.#isStopped || this.#ready.has(key) || (waiting && waiting.due <= due)) return
    this.#clearTimer(key)
    const handle = setTimeout(() => this.add(key), delayMs).unref()
    this.#timers.set(key, { due, handle })
  }

  stop(): void {
    this.#isStopped = true
    this.#ready.clear()
    for (const key of [...this.#timers.keys()]) this.#clearTimer(key)
  }

  #drain(): void {
    const end = performance.now() + TURN_MS
    for (const key of this.#ready) {
      this.#ready.delete(key)
      this.#run(key)
      if (performance.now() >= end) break
    }
    this.#isScheduled = this.#ready.size > 0
    if (this.#isScheduled) nextTurn(() => this.#drain())
  }

  #run(key: string): void {
    try {
      const delayMs = this.#reconcile(key)
      this.#failures.delete(key)
      if (delayMs !== undefined) this.addAfter(key, delayMs)
    } catch (error) {
      const failures = this.#failures.get(key) ?? 0
      this.#failures.set(key, failures + 1)
      this.addAfter(key, Math.min(FIRST_RETRY_MS * 2 ** failures, LAST_RETRY_MS))
      this.#onError(key, error)
    }
  }

  #clearTimer(key: string): void {
    clearTimeout(this.#timers.get(key)?.handle)
    this.#timers.delete(key)
  }
}

interface Timer {
  readonly due: number
  readonly handle: NodeJS.Timeout
}
