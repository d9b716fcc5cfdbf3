/** The last bytes of a container's output. */
const LIMIT = 64 * 1024

export class BoundedLog {
  #chunks: Buffer[] = []
  #size = 0

  append(chunk: Buffer): void {
    this.#chunks.push(chunk)
    this.#size += chunk.length
    while (this.#size > LIMIT) {
      const excess = this.#size - LIMIT
      const first = this.#chunks.shift() ?? Buffer.alloc(0)
      this.#size -= first.length
      if (first.length > excess) {
        // A copy: a slice would keep all of the chunk's memory.
        const rest = Buffer.from(first.subarray(excess))
        this.#chunks.unshift(rest)
        this.#size += rest.length
      }
    }
  }

  toString(): string {
    return Buffer.concat(this.#chunks).toString('utf8')
  }
}
