import type { Clock } from '../clock.ts'
import { SilentWatchError } from './recovery.ts'

const MOST_PATIENT = 16

/**
 * Gives up watches that say nothing for too long: the connection may be half-open, or the server restored
 * from a backup, which keeps every event below the version asked for to itself.
 *
 * A server that sends no bookmarks is silent whenever nothing happens: each silence doubles the patience, and
 * a bookmark ends it.
 */
export class SilenceGuard {
  readonly #limitMs: number
  readonly #clock: Clock
  #patience = 1
  #heardAt = 0

  constructor(limitMs: number, clock: Clock) {
    this.#limitMs = limitMs
    this.#clock = clock
  }

  /** The signal is aborted with a SilentWatchError, or with `stopping`; not any more after `end`. */
  watch(stopping: AbortSignal): { signal: AbortSignal; end: () => void } {
    const silent = new AbortController()
    const ended = new AbortController()
    this.heard()
    void this.#wait(silent, AbortSignal.any([stopping, ended.signal]))
    return { signal: AbortSignal.any([stopping, silent.signal]), end: () => ended.abort() }
  }

  heard(): void {
    this.#heardAt = this.#clock.elapsed()
  }

  expectBookmarks(): void {
    this.#patience = 1
  }

  async #wait(silent: AbortController, ended: AbortSignal): Promise<void> {
    for (;;) {
      const leftMs = this.#heardAt + this.#limitMs * this.#patience - this.#clock.elapsed()
      if (leftMs <= 0) break
      // One timer that looks now and then, instead of one that each event sets anew.
      const interrupted = await this.#clock.sleep(leftMs, ended).then(
        () => false,
        () => true,
      )
      if (interrupted || ended.aborted) return
    }
    silent.abort(new SilentWatchError(this.#limitMs * this.#patience))
    this.#patience = Math.min(this.#patience * 2, MOST_PATIENT)
  }
}
