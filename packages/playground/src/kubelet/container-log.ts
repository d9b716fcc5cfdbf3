/** The last lines that one run of a container wrote. */
import { StringDecoder } from 'node:string_decoder'

/** Characters that are kept; older lines go. */
const LIMIT = 64 * 1024

export interface LogQuery {
  /** Go on with what is written, until the container ends. */
  readonly follow?: boolean
  /** Each line begins with the time it was written at. */
  readonly timestamps?: boolean
  readonly tailLines?: number | undefined
  readonly sinceSeconds?: number | undefined
  /** The reader has gone. */
  readonly signal?: AbortSignal
}

interface Line {
  readonly writtenAt: number
  /** With its end. */
  readonly text: string
}

export class ContainerLog {
  #lines: Line[] = []
  /** How many lines went before the first one kept. */
  #dropped = 0
  #size = 0
  #ended = false
  /** Told of every line and of the end. */
  readonly #readers = new Set<() => void>()

  /** A sink for one stream: lines of two streams do not run into each other. */
  writer(): { write(chunk: Buffer): void; end(): void } {
    const decoder = new StringDecoder('utf8')
    let rest = ''
    return {
      write: chunk => {
        const parts = (rest + decoder.write(chunk)).split('\n')
        rest = parts.pop() ?? ''
        for (const part of parts) this.add(`${part}\n`)
        // A line without end must not grow for ever.
        if (rest.length <= LIMIT) return
        this.add(rest)
        rest = ''
      },
      end: () => {
        rest += decoder.end()
        if (rest !== '') this.add(rest)
        rest = ''
      },
    }
  }

  /** `text`: a line with its end. */
  add(text: string): void {
    this.#lines.push({ writtenAt: Date.now(), text: text.slice(-LIMIT) })
    this.#size += Math.min(text.length, LIMIT)
    let excess = 0
    while (this.#size > LIMIT) this.#size -= this.#lines[excess++]?.text.length ?? 0
    if (excess > 0) {
      this.#lines.splice(0, excess)
      this.#dropped += excess
    }
    this.#tellReaders()
  }

  /** The container has ended: whoever follows comes to an end too. */
  end(): void {
    this.#ended = true
    this.#tellReaders()
  }

  async *read(query: LogQuery = {}): AsyncGenerator<string, void> {
    const { follow = false, timestamps = false, tailLines, sinceSeconds, signal } = query
    const since = sinceSeconds === undefined ? 0 : Date.now() - 1000 * sinceSeconds
    let next = tailLines === undefined ? 0 : this.#dropped + Math.max(0, this.#lines.length - tailLines)
    for (;;) {
      // What was dropped while the reader was slow is lost to it.
      for (; next < this.#dropped + this.#lines.length; next++) {
        next = Math.max(next, this.#dropped)
        const { writtenAt, text } = this.#lines[next - this.#dropped] as Line
        if (writtenAt >= since) yield timestamps ? `${new Date(writtenAt).toISOString()} ${text}` : text
      }
      if (!follow || this.#ended || signal?.aborted) return
      await this.#somethingNew(signal)
    }
  }

  #somethingNew(signal: AbortSignal | undefined): Promise<void> {
    return new Promise(resolve => {
      const done = () => {
        this.#readers.delete(done)
        signal?.removeEventListener('abort', done)
        resolve()
      }
      this.#readers.add(done)
      signal?.addEventListener('abort', done)
    })
  }

  #tellReaders(): void {
    for (const tell of this.#readers) tell()
  }
}
