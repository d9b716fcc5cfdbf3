import type { IPFamily } from '@isthmus/api'
import type { MemberExport } from './exports.ts'

/**
 * The families that all exports have, in the oldest's order; the oldest's own where there is none in
 * common: a service that works from some members is better than one that works from none.
 */
export function commonFamilies(exports: readonly MemberExport[]): readonly IPFamily[] {
  const [oldest, ...others] = exports
  if (oldest === undefined) return []
  const common = oldest.spec.ipFamilies.filter(family =>
    others.every(({ spec }) => spec.ipFamilies.includes(family)),
  )
  return common.length > 0 ? common : oldest.spec.ipFamilies
}

/**
 * What this cluster imports: the merged families cut to its own, `first` in front if there is one. The
 * first family of a Service cannot change, so it stays for the life of the import. None where no merged
 * family is this cluster's: what could be served has no backends.
 */
export function importedFamilies(
  merged: readonly IPFamily[],
  supported: readonly IPFamily[],
  first: IPFamily | undefined,
): readonly IPFamily[] {
  const families = merged.filter(family => supported.includes(family))
  if (first === undefined || families.length === 0) return families
  return [first, ...families.filter(family => family !== first)]
}
