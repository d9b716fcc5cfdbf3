/** For so long an index that somebody else wrote is taken to know more than this process does. */
const GRACE_MS = 1_000
const MAX_GRACE_MS = 60_000
/** After so long without another's index, the next one is the first. */
const FORGOTTEN_AFTER_MS = 300_000

/**
 * Indexes that this process did not write. As one agent leads they are rare: for a moment, two may believe that
 * they do, and the caches of one are behind those of the other. So what differs from what is known here is not
 * put right at once, but when the caches have had time to catch up; and if it is written again, less and less often.
 * Times are milliseconds of any clock that does not go back.
 */
export class ForeignIndex {
  #seenAt = Number.NEGATIVE_INFINITY
  #lastAt = Number.NEGATIVE_INFINITY
  #overruled = 0

  /** One was seen. */
  seen(now: number): void {
    if (now - this.#lastAt > FORGOTTEN_AFTER_MS) this.#overruled = 0
    this.#seenAt = now
    this.#lastAt = now
  }

  /** What is stored is of before this process' time. */
  forget(): void {
    this.#seenAt = Number.NEGATIVE_INFINITY
  }

  /** How long it is left as it is. */
  graceMs(now: number): number {
    const grace = Math.min(GRACE_MS * 2 ** this.#overruled, MAX_GRACE_MS)
    return Math.max(this.#seenAt + grace - now, 0)
  }

  /** It was written over. Answers whether there was one. */
  overrule(): boolean {
    if (this.#seenAt === Number.NEGATIVE_INFINITY) return false
    this.#seenAt = Number.NEGATIVE_INFINITY
    this.#overruled++
    return true
  }
}
