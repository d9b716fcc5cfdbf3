/** The limits of client-go's recorder: a burst of 25 per object, then one in five minutes. */
const BURST = 25
const REFILL_MS = 5 * 60_000
const MAX_OBJECTS = 4096

/** A token bucket per object, so that one object that flaps does not drown the others, nor the API server. */
export class SpamFilter {
  readonly #buckets = new Map<string, { tokens: number; at: number }>()

  /** Takes a token of the object's bucket; false where there is none. `now`: milliseconds that do not go back. */
  allows(object: string, now: number): boolean {
    const { tokens, at } = this.#buckets.get(object) ?? { tokens: BURST, at: now }
    const filled = Math.min(BURST, tokens + Math.max(0, now - at) / REFILL_MS)
    const allowed = filled >= 1
    // Behind all others: the first of a map is the one that was asked for longest ago.
    this.#buckets.delete(object)
    this.#buckets.set(object, { tokens: allowed ? filled - 1 : filled, at: now })
    if (this.#buckets.size > MAX_OBJECTS) this.#buckets.delete(this.#buckets.keys().next().value as string)
    return allowed
  }
}
