import { type Contribution, type ImportedPlan, INDEX_UNREAD } from '@isthmus/core'
import type { WinnerChange } from './import-events.ts'

interface Winner {
  readonly clusterId: string
  /** Who was lost then, and had no say. */
  readonly removed: ReadonlySet<string>
}

/** Whose export decides where exports differ, by import, and when that changes. */
export class Winners {
  readonly #last = new Map<string, Winner>()

  /** Undefined while a member is silent: who wins is not known then, and stays. */
  look(
    key: string,
    { winner, clusters, refusedClusters }: ImportedPlan,
    members: ReadonlyMap<string, Contribution>,
    removed: ReadonlySet<string>,
  ): WinnerChange | undefined {
    const last = this.#last.get(key)
    if (winner === undefined) return undefined
    // Whoever is read first after a start has overtaken nobody.
    if (last === undefined && [...members.values()].some(isUnread)) return undefined
    this.#last.set(key, { clusterId: winner, removed })
    if (last === undefined || last.clusterId === winner) return undefined
    const before = last.clusterId
    // That a member was lost, or is back, is told as such.
    if (removed.has(before) || last.removed.has(winner)) return undefined
    return { before, after: winner, overtaken: clusters.includes(before) || refusedClusters.includes(before) }
  }

  forget(key: string): void {
    this.#last.delete(key)
  }
}

/** Nothing of this member has been read yet. What is read and cannot be used is something. */
function isUnread(contribution: Contribution): boolean {
  return (
    contribution.kind === 'unknown' &&
    contribution.remembered === undefined &&
    contribution.why === INDEX_UNREAD
  )
}
