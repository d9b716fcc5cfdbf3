import { setImmediate } from 'node:timers/promises'
import type { Clock } from '../clock.ts'

/** Time that passes when a test says so. */
export class ManualClock implements Clock {
  #ms = 0
  readonly #sleepers = new Set<{ until: number; wake: () => void }>()

  now(): number {
    return 1_764_000_000_000 + this.#ms
  }

  elapsed(): number {
    return this.#ms
  }

  sleep(ms: number, signal?: AbortSignal): Promise<void> {
    return new Promise((resolve, reject) => {
      const sleeper = { until: this.#ms + ms, wake: resolve }
      this.#sleepers.add(sleeper)
      const onAbort = () => {
        this.#sleepers.delete(sleeper)
        reject(signal?.reason)
      }
      if (signal?.aborted) onAbort()
      signal?.addEventListener('abort', onAbort, { once: true })
    })
  }

  /** Time that passes while the process is paused: nobody wakes. */
  skip(ms: number): void {
    this.#ms += ms
  }

  /** Wakes sleepers in their order, and lets what they then do without waiting for anything finish. */
  async pass(ms: number): Promise<void> {
    const end = this.#ms + ms
    for (;;) {
      await setImmediate()
      const next = [...this.#sleepers]
        .filter(({ until }) => until <= end)
        .sort((a, b) => a.until - b.until)[0]
      if (next === undefined) break
      this.#sleepers.delete(next)
      this.#ms = Math.max(this.#ms, next.until)
      next.wake()
    }
    this.#ms = end
    await setImmediate()
  }
}
