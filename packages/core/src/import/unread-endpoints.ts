import type { Contribution } from '../member/contribution.ts'
import { importedSliceName } from '../naming/names.ts'
import type { ImportedPlan } from './plan.ts'

/**
 * The members whose records name endpoints that have not been read, and of which nothing is here from before
 * either: until they come, the import does not reach all that it should.
 */
export function membersNotReadWhole(
  contributions: ReadonlyMap<string, Contribution>,
  plan: ImportedPlan,
  storedSlices: ReadonlySet<string>,
): readonly string[] {
  return [...contributions].flatMap(([clusterId, contribution]) => {
    // What is refused is told as such, and does not come.
    if (plan.refusedClusters.includes(clusterId)) return []
    if (contribution.kind !== 'present' || contribution.refusals.some(({ rule }) => rule === 'endpoints'))
      return []
    const isMissing = [...contribution.export.chunks].some(
      ([chunk, content]) =>
        content === undefined &&
        !['IPv4', 'IPv6'].some(type =>
          storedSlices.has(importedSliceName(plan.derivedName, clusterId, chunk, type)),
        ),
    )
    return isMissing ? [clusterId] : []
  })
}
