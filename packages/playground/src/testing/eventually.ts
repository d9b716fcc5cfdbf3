/** Waits for conditions in tests. */
import { setTimeout as delay } from 'node:timers/promises'

/** Tries until `attempt` neither throws nor rejects; fails with its last error after `withinMs`. */
export async function eventually<T>(attempt: () => T | Promise<T>, withinMs = 5000): Promise<T> {
  const until = performance.now() + withinMs
  for (;;) {
    try {
      return await attempt()
    } catch (error) {
      if (performance.now() > until) throw error
      await delay(5)
    }
  }
}
