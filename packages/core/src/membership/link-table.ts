/** Who is linked with whom, as the members say it in their profiles. */
import type { ReadProfile } from './profile.ts'

export const LINKED = 'connected'

/** One member's links with another, as each of the two sees it. */
export interface LinkPair {
  readonly peer: string
  /** `connected`, or `<state>: <reason>`; undefined: it has not said anything. */
  readonly toPeer: string | undefined
  readonly fromPeer: string | undefined
  readonly isLinked: boolean
}

/** The links of one member with every other, in order of their ids. */
export function linkPairs(profiles: readonly ReadProfile[], clusterId: string): readonly LinkPair[] {
  const own = profiles.find(profile => profile.clusterId === clusterId)
  return profiles
    .filter(profile => profile.clusterId !== clusterId)
    .map(({ clusterId: peer, links }) => {
      const toPeer = own?.links[peer]
      const fromPeer = links[clusterId]
      return { peer, toPeer, fromPeer, isLinked: toPeer === LINKED && fromPeer === LINKED }
    })
    .sort((one, other) => (one.peer < other.peer ? -1 : 1))
}

/** Why the two are not linked, from the first step that is missing; empty if they are. */
export function whyNotLinked(clusterId: string, { peer, toPeer, fromPeer }: LinkPair): string[] {
  return [
    ...(toPeer === LINKED ? [] : [oneWay(clusterId, peer, toPeer)]),
    ...(fromPeer === LINKED ? [] : [oneWay(peer, clusterId, fromPeer)]),
  ]
}

function oneWay(reader: string, publisher: string, said: string | undefined): string {
  return said === undefined
    ? `${reader} has not said anything of ${publisher} yet: its agent does not run, or does not reach the registry`
    : `${reader} does not read ${publisher}: ${said}`
}
