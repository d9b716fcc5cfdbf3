import type { Contribution, Refusal } from '@isthmus/core'
import type { RefusalCount } from '../options.ts'

/** More would not be read; how many there are is told by metrics. */
const MAX_TOLD = 3

/** What is refused of a member's record, by rule, for a person; undefined where nothing is. */
export function refusalsOf(contribution: Contribution | undefined): string | undefined {
  if (contribution === undefined || contribution.kind === 'absent') return undefined
  return refusalsInWords(contribution.refusals)
}

export function refusalsInWords(refusals: readonly Refusal[]): string | undefined {
  if (refusals.length === 0) return undefined
  const told = refusals.slice(0, MAX_TOLD).map(({ rule, message }) => `${rule}: ${message}`)
  const more = refusals.length - told.length
  return more > 0 ? `${told.join('; ')}; and ${more} more` : told.join('; ')
}

/** By member and rule. */
export function countRefusals(
  refused: Iterable<readonly [clusterId: string, refusals: readonly Refusal[]]>,
): readonly RefusalCount[] {
  const counts = new Map<string, { clusterId: string; rule: string; count: number }>()
  for (const [clusterId, refusals] of refused) {
    for (const { rule } of refusals) {
      const key = `${clusterId}/${rule}`
      const known = counts.get(key)
      if (known === undefined) counts.set(key, { clusterId, rule, count: 1 })
      else known.count++
    }
  }
  return [...counts.values()]
}
