import { setTimeout as delay } from 'node:timers/promises'
import type { BenchAgent } from './agents.ts'

/** Resolves when no agent has reconciled anything for two seconds. */
export async function quiet(agents: readonly BenchAgent[], timeoutMs = 300_000): Promise<void> {
  const reconciles = async () => {
    const counts = await Promise.all(agents.map(agent => agent.metric('isthmus_reconciles_total')))
    return counts.reduce((sum, count) => sum + count, 0)
  }
  const deadline = performance.now() + timeoutMs
  for (let before = await reconciles(), calm = 0; calm < 2; ) {
    if (performance.now() > deadline) throw new Error(`agents still reconcile after ${timeoutMs} ms`)
    await delay(1000)
    const now = await reconciles()
    calm = now === before ? calm + 1 : 0
    before = now
  }
}
