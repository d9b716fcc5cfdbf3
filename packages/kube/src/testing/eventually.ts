import { setTimeout as sleep } from 'node:timers/promises'

/** Waits until a condition holds; fails with its last error, or with what it was, after `timeoutMs`. */
export async function eventually(condition: () => unknown, timeoutMs = 5000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    let failure: unknown = new Error(`not within ${timeoutMs} ms: ${condition}`)
    try {
      if ((await condition()) !== false) return
    } catch (error) {
      failure = error
    }
    if (performance.now() > deadline) throw failure
    await sleep(2)
  }
}
