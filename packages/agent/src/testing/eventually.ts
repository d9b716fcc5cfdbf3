import { setTimeout as sleep } from 'node:timers/promises'

/** Waits until assertions hold; fails with the last of their failures after `timeoutMs`. */
export async function eventually(assertions: () => void, timeoutMs = 5_000): Promise<void> {
  const deadline = performance.now() + timeoutMs
  for (;;) {
    try {
      assertions()
      return
    } catch (error) {
      if (performance.now() > deadline) throw error
    }
    await sleep(2)
  }
}
