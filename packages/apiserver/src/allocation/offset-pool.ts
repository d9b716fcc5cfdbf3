/** A whole number from 0 up to `bound`, which it does not reach. */
export type RandomBelow = (bound: number) => number

export const randomBelow: RandomBelow = bound => Math.floor(Math.random() * bound)

/**
 * Hands out the numbers from 0 to `size` - 1, each once. Those that nobody asked for come at random from above
 * the lowest `reserved` ones, and from these only when the rest is used up: who asks for a certain address
 * or port asks for a low one, and then finds it free (KEP-3070, KEP-3668).
 */
export class OffsetPool {
  readonly size: number
  readonly #reserved: number
  readonly #used = new Set<number>()
  readonly #random: RandomBelow

  constructor(size: number, reserved: number, random: RandomBelow = randomBelow) {
    this.size = size
    this.#reserved = reserved < size ? reserved : 0
    this.#random = random
  }

  get free(): number {
    return this.size - this.#used.size
  }

  has(offset: number): boolean {
    return this.#used.has(offset)
  }

  /** False when it is taken or out of bounds. */
  take(offset: number): boolean {
    if (offset < 0 || offset >= this.size || this.#used.has(offset)) return false
    this.#used.add(offset)
    return true
  }

  /** Undefined when all are taken. */
  takeNext(): number | undefined {
    if (this.free <= 0) return undefined
    const offset = this.#scan(this.#reserved, this.size) ?? this.#scan(0, this.#reserved)
    if (offset !== undefined) this.#used.add(offset)
    return offset
  }

  release(offset: number): void {
    this.#used.delete(offset)
  }

  /** The first free number from a random one on, round the band once. */
  #scan(from: number, to: number): number | undefined {
    const length = to - from
    const start = length > 0 ? this.#random(length) : 0
    for (let step = 0; step < length; step++) {
      const offset = from + ((start + step) % length)
      if (!this.#used.has(offset)) return offset
    }
    return undefined
  }
}
