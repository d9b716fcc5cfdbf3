import type { IPFamily } from '@isthmus/api'
import type { MemberExport } from './exports.ts'

/**
 * KEP-1645, IP Families, leaves them to implementations. Here: the families that all exports have, in the
 * oldest's order; the oldest's own where there is none in common: a service that works from some members is better
 * than one that works from none.
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
 * What this cluster imports: the merged families cut to its own. None where no merged family is this
 * cluster's: what could be served has no backends. Which they are depends on the exports alone; their order
 * also on `first`, the family that the derived Service was made with, which stays in front while it is one of them.
 */
export function importedFamilies(
  merged: readonly IPFamily[],
  supported: readonly IPFamily[],
  first: IPFamily | undefined,
): readonly IPFamily[] {
  const families = merged.filter(family => supported.includes(family))
  return first !== undefined && families.includes(first) ? firstInFront(families, first) : families
}

/**
 * What the derived Service has: the imported families behind the one that it was made with, which no API server
 * lets a Service change (`spec.ipFamilies[0]: may not change once set`). Where that is not imported any more, no name
 * leads to its address; who has the address still reaches the exports that have the family.
 */
export function derivedServiceFamilies(
  imported: readonly IPFamily[],
  first: IPFamily | undefined,
): readonly IPFamily[] {
  return first === undefined || imported.length === 0 ? imported : firstInFront(imported, first)
}

function firstInFront(families: readonly IPFamily[], first: IPFamily): readonly IPFamily[] {
  return [first, ...families.filter(family => family !== first)]
}

/** The family of an address that an API server allocated. */
export function familyOf(address: string): IPFamily {
  return address.includes(':') ? 'IPv6' : 'IPv4'
}
