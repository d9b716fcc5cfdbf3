/** Tells listeners that something changed: soon, but not for every single change of many. */

/** Ten times a second is as much as a person sees. */
const PAUSE_MS = 100

export class ChangeNotifier {
  readonly #listeners = new Set<() => void>()
  #timer: NodeJS.Timeout | undefined

  /** Answers how to end it. */
  subscribe(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => this.#listeners.delete(listener)
  }

  changed(): void {
    if (this.#listeners.size === 0 || this.#timer !== undefined) return
    this.#timer = setTimeout(() => {
      this.#timer = undefined
      for (const listener of this.#listeners) listener()
    }, PAUSE_MS).unref()
  }

  close(): void {
    clearTimeout(this.#timer)
    this.#listeners.clear()
  }
}
