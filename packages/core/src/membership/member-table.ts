/** The members of a ClusterSet as an administrator wants to see them. */
import { linkPairs, whyNotLinked } from './link-table.ts'
import type { ReadProfile } from './profile.ts'

export interface MemberRow {
  readonly clusterId: string
  /** Undefined: it has not announced how it is reached; its join was interrupted. */
  readonly server: string | undefined
  readonly kubernetesVersion: string | undefined
  readonly isthmusVersion: string | undefined
  readonly state: 'Joining' | 'Linked' | 'NotLinked'
  /** By peer: how this one sees it. */
  readonly links: Readonly<Record<string, string | undefined>>
  /** Why it is not linked both ways with all others: a sentence each. */
  readonly reasons: readonly string[]
}

/** In order of their ids. */
export function memberTable(profiles: readonly ReadProfile[]): readonly MemberRow[] {
  return profiles
    .map(profile => {
      const { clusterId, access, kubernetesVersion, isthmusVersion } = profile
      const pairs = linkPairs(profiles, clusterId)
      const reasons = pairs.flatMap(pair => whyNotLinked(clusterId, pair))
      const links = Object.fromEntries(pairs.map(({ peer, toPeer }) => [peer, toPeer]))
      const state = access === undefined ? 'Joining' : reasons.length === 0 ? 'Linked' : 'NotLinked'
      return {
        clusterId,
        server: access?.server,
        kubernetesVersion,
        isthmusVersion,
        links,
        reasons,
        state,
      } as const
    })
    .sort((one, other) => (one.clusterId < other.clusterId ? -1 : 1))
}
