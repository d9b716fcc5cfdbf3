/** A member's part of the registry, written by an administrator. */
import { type ApiAccess, CLUSTER_PROFILES, type ClusterProfile, errorOf } from '@isthmus/api'
import {
  departedKey,
  type JoinFacts,
  profileStatus,
  RANGES_CONDITION,
  rangesCondition,
  readProfile,
  type WantedCondition,
} from '@isthmus/core'
import { type ClusterClient, isAlreadyExists, isConflict } from '@isthmus/kube'
import manifest from '../../../package.json' with { type: 'json' }
import { absentIfNotFound, applyObjects, applyPlan, type Plan } from '../../install/apply-objects.ts'
import { memberObjects, profileObject } from '../registry-objects.ts'
import { ERRORS } from './errors.ts'
import { departedKeys, listProfiles, registeredMember } from './find-registry.ts'

const ATTEMPTS = 4

export interface Claim {
  readonly namespace: string
  readonly clusterId: string
  readonly clusterUID: string
  readonly signal?: AbortSignal | undefined
}

/** Takes the id: of two clusters that join with it at the same time, one is refused. */
export async function claimProfile(
  registry: ClusterClient,
  { namespace, clusterId, clusterUID, signal }: Claim,
): Promise<ClusterProfile> {
  try {
    const found = await registry
      .get(CLUSTER_PROFILES, clusterId, namespace, { signal })
      .catch(absentIfNotFound)
    const wanted = profileObject(namespace, clusterId, clusterUID)
    if (found === undefined) return await registry.create(CLUSTER_PROFILES, wanted, { signal })
    if (isOf(found, clusterUID)) return found
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
    const winner = await registry.get(CLUSTER_PROFILES, clusterId, namespace, { signal })
    if (isOf(winner, clusterUID)) return winner
  }
  throw errorOf(ERRORS.joinRefused, {
    clusterId,
    clusterset: namespace,
    problems: `another cluster has just joined as ${clusterId}`,
    remedy: 'Join with another --cluster-id.',
  })
}

function isOf(profile: ClusterProfile, clusterUID: string): boolean {
  const { registeredUID, clusterUID: said } = registeredMember(profile)
  return (registeredUID ?? said ?? clusterUID) === clusterUID
}

export interface RegisteredPeer {
  readonly clusterId: string
  readonly profileUID: string
}

export interface MemberRegistration {
  readonly namespace: string
  readonly clusterId: string
  /** Of the member's objects, as they are to be with these members, in order of their ids. */
  readonly planned: { readonly plan: Plan; readonly members: readonly string[] }
  readonly signal?: AbortSignal | undefined
}

/**
 * Account, permissions and Secrets of the member, and what the others may do now. Someone may be registering
 * another member at the same time: it is done when it was done for all that are there.
 *
 * @returns the other members; one that is leaving is none
 */
export async function registerMember(
  registry: ClusterClient,
  { namespace, clusterId, planned, signal }: MemberRegistration,
): Promise<readonly RegisteredPeer[]> {
  await applyPlan(registry, planned.plan, { signal })
  for (let done = planned.members; ; ) {
    const members = await listMembers(registry, namespace, signal)
    const ids = members.map(member => member.clusterId)
    if (ids.join() === done.join()) {
      const gone = await departedKeys(registry, namespace, signal)
      return members.filter(
        peer => peer.clusterId !== clusterId && !gone.has(departedKey(peer.clusterId, peer.profileUID)),
      )
    }
    await applyObjects(registry, memberObjects(namespace, clusterId, ids), { signal })
    done = ids
  }
}

/** In order of their ids, so that two lists can be compared. */
export async function listMembers(
  registry: ClusterClient,
  namespace: string,
  signal?: AbortSignal,
): Promise<readonly RegisteredPeer[]> {
  const profiles = await listProfiles(registry, namespace, signal)
  return profiles
    .map(({ metadata }) => ({ clusterId: metadata.name ?? '', profileUID: metadata.uid ?? '' }))
    .sort((one, other) => (one.clusterId < other.clusterId ? -1 : 1))
}

export interface Announcement {
  readonly exchangeNamespace: string
  readonly access: ApiAccess
  readonly signal?: AbortSignal | undefined
}

/** Says who the cluster is and how it is reached. With this, the others see it. */
export async function announce(
  registry: ClusterClient,
  profile: ClusterProfile,
  { clusterId, cluster, registry: { clusterset } }: JoinFacts,
  { exchangeNamespace, access, signal }: Announcement,
): Promise<void> {
  const now = new Date().toISOString()
  for (let attempt = 1, current = profile; ; attempt++) {
    const before = readProfile(current)
    const status = profileStatus(
      current.status,
      {
        clusterId,
        clusterset,
        access,
        exchangeNamespace,
        kubernetesVersion: cluster.version,
        clusterUID: cluster.uid,
        // What the agent says of itself counts.
        isthmusVersion: before.isthmusVersion ?? manifest.version,
        podCIDRs: cluster.podCIDRs,
        nodeCIDRs: cluster.nodeCIDRs,
        serviceCIDRs: cluster.serviceCIDRs,
        ipFamilies: cluster.ipFamilies,
        links: before.links,
      },
      [...(current.status?.conditions === undefined ? FIRST_CONDITIONS : []), ...ranges(current, cluster)],
      now,
    )
    if (status === current.status) return
    try {
      await registry.updateStatus(CLUSTER_PROFILES, { ...current, status }, { signal })
      return
    } catch (error) {
      if (!isConflict(error) || attempt === ATTEMPTS) throw error
      const { name = '', namespace } = current.metadata
      current = await registry.get(CLUSTER_PROFILES, name, namespace, { signal })
    }
  }
}

/** A word of it only where something is amiss, or was. */
function ranges({ status }: ClusterProfile, cluster: JoinFacts['cluster']): WantedCondition[] {
  const condition = rangesCondition(cluster)
  const isTold = status?.conditions?.some(({ type }) => type === RANGES_CONDITION) ?? false
  return condition.status === 'False' || isTold ? [condition] : []
}

/** Until its agent says more. */
const FIRST_CONDITIONS: readonly WantedCondition[] = [
  {
    type: 'ControlPlaneHealthy',
    status: 'True',
    reason: 'Joined',
    message: 'it answered when the cluster joined',
  },
  {
    type: 'isthmus.dev/Linked',
    status: 'Unknown',
    reason: 'Joined',
    message: 'its agent has not said anything yet',
  },
]
