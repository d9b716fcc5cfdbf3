/**
 * The time by which credentials age: it runs faster than the clock, so that tokens of a day are renewed, and expire, within a
 * storm. Never back; the same for all clusters.
 */
export class Ageing {
  #ms = 0
  #since = performance.now()
  #rate = 0

  /** How far it is ahead of the clock, in milliseconds. */
  get ahead(): number {
    return this.#ms + (performance.now() - this.#since) * this.#rate
  }

  /** From now on, by so many milliseconds more in each. */
  set rate(rate: number) {
    this.jump(0)
    this.#rate = rate
  }

  jump(ms: number): void {
    this.#ms = this.ahead + ms
    this.#since = performance.now()
  }
}
