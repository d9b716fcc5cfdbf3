/** So many at once, and so many a second in the long run. */
export interface Rate {
  readonly burst: number
  readonly perSecond: number
}

/** Says whether something may be done now by its rate, or how long it would have to wait. */
export class TokenBucket {
  readonly #rate: Rate
  readonly #elapsed: () => number
  #tokens: number
  #at: number

  /** `elapsed`: milliseconds of a clock that never goes back. */
  constructor(rate: Rate, elapsed: () => number = () => performance.now()) {
    this.#rate = rate
    this.#elapsed = elapsed
    this.#tokens = rate.burst
    this.#at = elapsed()
  }

  /** Takes one if there is one. */
  take(): boolean {
    this.#refill()
    if (this.#tokens < 1) return false
    this.#tokens--
    return true
  }

  /** Takes one in any case: milliseconds to wait before it may be used, 0 where that is now. */
  reserve(): number {
    this.#refill()
    this.#tokens--
    return this.#tokens >= 0 ? 0 : (-this.#tokens / this.#rate.perSecond) * 1000
  }

  #refill(): void {
    const now = this.#elapsed()
    const { burst, perSecond } = this.#rate
    this.#tokens = Math.min(burst, this.#tokens + ((now - this.#at) / 1000) * perSecond)
    this.#at = now
  }
}
