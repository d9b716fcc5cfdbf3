import type { Condition, EndpointSlice } from '@isthmus/api'
import { type Contribution, type ImportedPlan, membersNotReadWhole } from '@isthmus/core'

/** Endpoints come in messages of their own: an import that was Ready does not cease to be so for a moment. */
const GRACE_MS = 1_000

/** How long endpoints that records name, and that were not read yet, are awaited without a word. */
export class UnreadGrace {
  readonly #clock: () => number
  /** By import, since when. */
  readonly #since = new Map<string, number>()

  constructor(clock: () => number) {
    this.#clock = clock
  }

  /**
   * `before`: the Ready condition as it was; `slices`: those that the import has now. Answers why it is not Ready, or when to
   * look again; neither where all was read.
   */
  look(
    key: string,
    plan: ImportedPlan,
    members: ReadonlyMap<string, Contribution>,
    slices: readonly EndpointSlice[],
    before: Condition | undefined,
  ): { why?: string; lookAgainInMs?: number } {
    const stored = new Set(slices.map(({ metadata }) => metadata.name ?? ''))
    const unread = membersNotReadWhole(members, plan, stored)
    if (unread.length === 0) {
      this.#since.delete(key)
      return {}
    }
    const now = this.#clock()
    const since = this.#since.get(key) ?? now
    this.#since.set(key, since)
    if (before?.status === 'True' && now - since < GRACE_MS) return { lookAgainInMs: GRACE_MS }
    return { why: `not all endpoints of ${unread.join(', ')} have been read yet` }
  }

  forget(key: string): void {
    this.#since.delete(key)
  }
}
