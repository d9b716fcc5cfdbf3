/** Ends something with the caller's signal, or when it takes too long. */
export class Deadline {
  readonly signal: AbortSignal
  /** When it is over, by performance.now(). */
  readonly at: number
  #expired = false
  readonly #timer: NodeJS.Timeout

  constructor(ms: number, signal: AbortSignal | undefined) {
    const controller = new AbortController()
    this.signal = signal === undefined ? controller.signal : AbortSignal.any([signal, controller.signal])
    this.at = performance.now() + ms
    this.#timer = setTimeout(() => {
      this.#expired = !this.signal.aborted
      controller.abort()
    }, ms)
  }

  /** The time was over before the caller's signal, and before `cancel`. */
  get expired(): boolean {
    return this.#expired
  }

  /** There is time without end from now on; the caller's signal still counts. */
  cancel(): void {
    clearTimeout(this.#timer)
  }
}
