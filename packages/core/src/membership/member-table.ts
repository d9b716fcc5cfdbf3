/** The members of a ClusterSet as an administrator wants to see them. */
import { departedKey } from './departed.ts'
import type { RegisteredMember } from './join-facts.ts'
import { linkPairs, whyNotLinked } from './link-table.ts'

export interface MemberRow {
  readonly clusterId: string
  /** Undefined: it has not announced how it is reached; its join was interrupted. */
  readonly server: string | undefined
  readonly kubernetesVersion: string | undefined
  readonly isthmusVersion: string | undefined
  /** Joining, Leaving: begun, and not finished. */
  readonly state: 'Joining' | 'Linked' | 'NotLinked' | 'Leaving'
  /** By peer: how this one sees it. */
  readonly links: Readonly<Record<string, string | undefined>>
  /** Why it is not linked both ways with all others: a sentence each. */
  readonly reasons: readonly string[]
}

/**
 * In order of their ids.
 *
 * @param departed keys of the registry's ConfigMap of members that have left
 */
export function memberTable(
  profiles: readonly RegisteredMember[],
  departed: ReadonlySet<string>,
): readonly MemberRow[] {
  const hasLeft = ({ clusterId, profileUID }: RegisteredMember) =>
    departed.has(departedKey(clusterId, profileUID))
  const present = profiles.filter(profile => !hasLeft(profile))
  return profiles
    .map(profile => {
      const { clusterId, access, kubernetesVersion, isthmusVersion } = profile
      const pairs = hasLeft(profile) ? [] : linkPairs(present, clusterId)
      const reasons = pairs.flatMap(pair => whyNotLinked(clusterId, pair))
      const state = hasLeft(profile) ? 'Leaving' : access === undefined ? 'Joining' : linked(reasons)
      const links = Object.fromEntries(pairs.map(({ peer, toPeer }) => [peer, toPeer]))
      return {
        clusterId,
        state,
        server: access?.server,
        kubernetesVersion,
        isthmusVersion,
        links,
        reasons,
      } as const
    })
    .sort((one, other) => (one.clusterId < other.clusterId ? -1 : 1))
}

function linked(reasons: readonly string[]): 'Linked' | 'NotLinked' {
  return reasons.length === 0 ? 'Linked' : 'NotLinked'
}
