/** The registry's ConfigMap of members that have left. */
import { departedKey } from './departed.ts'

/** Older ones are forgotten: whoever has not looked since is told by what it finds. */
const KEPT = 500

/** @returns the same object where the member is in it already */
export function withTombstone(
  data: Readonly<Record<string, string>> | undefined,
  clusterId: string,
  profileUID: string,
  now: string,
): Record<string, string> {
  const key = departedKey(clusterId, profileUID)
  if (data?.[key] !== undefined) return data
  const newest = Object.entries({ ...data, [key]: now }).sort(([, one], [, other]) => (one < other ? 1 : -1))
  return Object.fromEntries(newest.slice(0, KEPT))
}
