/**
 * Functions to call when something happens. One that throws has a bug, which must not keep the others from
 * being called or harm who tells: it is raised as an uncaught exception.
 */
export class Listeners<Arguments extends unknown[]> {
  readonly #functions = new Set<(...args: Arguments) => void>()

  /** Returns the function that ends the subscription. */
  add(listener: (...args: Arguments) => void): () => void {
    // Of its own, so that one function that is subscribed twice is called twice.
    const entry = (...args: Arguments) => listener(...args)
    this.#functions.add(entry)
    return () => {
      this.#functions.delete(entry)
    }
  }

  call(...args: Arguments): void {
    for (const listener of this.#functions) {
      try {
        listener(...args)
      } catch (error) {
        queueMicrotask(() => {
          throw error
        })
      }
    }
  }
}
