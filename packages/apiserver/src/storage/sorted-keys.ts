/**
 * Keys in order, such as `namespace/name`. A list with a prefix is a range, and an insertion moves at
 * most the array's tail (10,000 keys: a few microseconds).
 */
export class SortedKeys {
  readonly #keys: string[] = []

  get length(): number {
    return this.#keys.length
  }

  at(index: number): string {
    return this.#keys[index] as string
  }

  add(key: string): void {
    const index = this.indexOfFirst(key)
    if (this.#keys[index] !== key) this.#keys.splice(index, 0, key)
  }

  delete(key: string): void {
    const index = this.indexOfFirst(key)
    if (this.#keys[index] === key) this.#keys.splice(index, 1)
  }

  /** Index of the first key that is not before `key`. */
  indexOfFirst(key: string): number {
    let low = 0
    let high = this.#keys.length
    while (low < high) {
      const middle = (low + high) >>> 1
      if ((this.#keys[middle] as string) < key) low = middle + 1
      else high = middle
    }
    return low
  }
}
