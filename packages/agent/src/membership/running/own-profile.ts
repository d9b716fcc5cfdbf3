import { CLUSTER_PROFILES, type ClusterProfile, type MembershipRecord, type PinnedPeer } from '@isthmus/api'
import { type ProfileFacts, profileStatus, readProfile, type WantedCondition } from '@isthmus/core'
import manifest from '../../../package.json' with { type: 'json' }
import type { LinkStatus } from '../../options.ts'
import { time } from '../../timestamps.ts'
import type { RegistryFollower } from './registry-follower.ts'

export interface OwnProfileFacts {
  readonly record: MembershipRecord
  readonly exchangeNamespace: string
  /** UID of the namespace kube-system. */
  readonly clusterUID: string | undefined
  readonly kubernetesVersion: string | undefined
  readonly links: readonly LinkStatus[]
  /** What is kept of peers. */
  readonly pins: Iterable<PinnedPeer>
  /** What a person should know of links, by cluster id. */
  readonly notices: (clusterId: string) => readonly string[]
  /** Milliseconds since the epoch. */
  readonly now: number
}

const MAX_MESSAGE = 1024

/** Writes what this member says of itself in the registry, if that is not what stands there. */
export async function writeOwnProfile(
  registry: RegistryFollower,
  facts: OwnProfileFacts,
  signal: AbortSignal,
): Promise<void> {
  const profile = registry.profile(facts.record.clusterId)
  // One of another cluster, or of a membership that ended, is not ours to write.
  if (profile?.metadata.uid !== facts.record.profileUID) return
  const peers = new Map(
    registry.clusterIds().flatMap(id => {
      const other = registry.profile(id)
      return other === undefined ? [] : [[id, other] as const]
    }),
  )
  const status = ownStatus(profile, peers, facts)
  if (status === profile.status) return
  await registry.client.updateStatus<ClusterProfile>(CLUSTER_PROFILES, { ...profile, status }, { signal })
}

function ownStatus(
  profile: ClusterProfile,
  peers: ReadonlyMap<string, ClusterProfile>,
  facts: OwnProfileFacts,
): NonNullable<ClusterProfile['status']> {
  const { record, exchangeNamespace, clusterUID, kubernetesVersion, links, pins, now } = facts
  // What the administrator found out who joined the cluster; the agent may not read it all.
  const before = readProfile(profile)
  const wanted: ProfileFacts = {
    ...before,
    clusterId: record.clusterId,
    clusterset: record.clusterset,
    access: record.access,
    exchangeNamespace,
    clusterUID: clusterUID ?? before.clusterUID,
    kubernetesVersion: kubernetesVersion ?? before.kubernetesVersion,
    isthmusVersion: manifest.version,
    links: Object.fromEntries(
      links.map(link => [link.clusterId, linkInWords(link, facts.notices(link.clusterId))]),
    ),
    pickedUp: Object.fromEntries(
      [...pins].flatMap(({ clusterId, pickedUp, departedAt }) =>
        pickedUp === undefined || departedAt !== undefined ? [] : [[clusterId, pickedUp]],
      ),
    ),
  }
  return profileStatus(profile.status, wanted, conditions(peers, links, record.clusterId), time(now))
}

function linkInWords({ state, reason }: LinkStatus, notices: readonly string[]): string {
  if (state === 'connected') return state
  const words = [...(reason === undefined ? [] : [reason]), ...notices].join('; ')
  return words === '' ? state : `${state}: ${words}`
}

function conditions(
  peers: ReadonlyMap<string, ClusterProfile>,
  links: readonly LinkStatus[],
  ownId: string,
): WantedCondition[] {
  const missing = [...peers].flatMap(([id, profile]) => {
    const here = links.find(link => link.clusterId === id)?.state === 'connected'
    const there = readProfile(profile).links[ownId] === 'connected'
    if (here && there) return []
    return [here ? `${id} does not read us` : there ? `we do not read ${id}` : `${id} in neither direction`]
  })
  const linked: Omit<WantedCondition, 'type'> =
    missing.length === 0
      ? { status: 'True', reason: 'Linked', message: `linked both ways with ${peers.size} other members` }
      : { status: 'False', reason: 'NotLinked', message: missing.sort().join('; ').slice(0, MAX_MESSAGE) }
  return [
    {
      type: 'ControlPlaneHealthy',
      status: 'True',
      reason: 'AgentRuns',
      message: 'its agent runs, and reads its API server',
    },
    { type: 'isthmus.dev/Linked', ...linked },
  ]
}
