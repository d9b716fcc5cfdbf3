import {
  CLUSTER_PROFILES,
  CONFIG_MAPS,
  CUSTOM_RESOURCE_DEFINITIONS,
  configMapData,
  configMapValue,
  errorOf,
  LABEL_CLUSTERSET,
  MEMBERSHIP_NAME,
  type MembershipRecord,
  NAMESPACES,
} from '@isthmus/api'
import type { RegistryChoice } from '@isthmus/core'
import { type ClusterClient, isConflict } from '@isthmus/kube'
import { absentIfNotFound } from '../../install/apply-objects.ts'
import { LABEL_CRD_REVISION } from '../../install/definition-rules.ts'
import { installedNamespaces } from '../../install/installed-namespaces.ts'
import { AGENT_NAME } from '../../install/objects.ts'
import { CLUSTER_ROLE_BINDINGS, CLUSTER_ROLES } from '../../install/resource-types.ts'
import { agentStopped } from './agent-stopped.ts'
import { nothingStartsAgents } from './agent-workloads.ts'
import { clusterUID, membershipOf } from './cluster-facts.ts'
import { ERRORS } from './errors.ts'
import { departedKeys, findRegistry, listProfiles, registeredMember } from './find-registry.ts'
import { removeFromCluster } from './remove-from-cluster.ts'
import { markDeparted, othersWithdrew, type Registration, unregister } from './unregister.ts'

export interface LeaveOptions {
  /** The registry, as an administrator. */
  readonly registry: ClusterClient
  /** Needed only where the registry keeps several, and the cluster does not say. */
  readonly clusterset?: string | undefined
  /** Go on without members that do not confirm, and without the agent's end. */
  readonly force?: boolean | undefined
  /** How long the agent, and then the other members, may take. */
  readonly timeoutMs: number
  /** What is done, a sentence each. */
  readonly onProgress?: ((message: string) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface LeaveClusterOptions extends LeaveOptions {
  /** The cluster that leaves, as an administrator. */
  readonly client: ClusterClient
  readonly agentNamespace?: string | undefined
  readonly exchangeNamespace?: string | undefined
  /** What a command for the cluster begins with, where one is told. Default: `kubectl`. */
  readonly kubectl?: string | undefined
}

export interface RemoveMemberOptions extends LeaveOptions {
  readonly clusterId: string
}

export interface Left {
  readonly clusterset: string
  readonly namespace: string
  /** Undefined: it was no member any more. */
  readonly clusterId: string | undefined
  /** What stays in the cluster, and why: a sentence each. */
  readonly stays: readonly string[]
  readonly remaining: readonly string[]
  /** Where nobody remains: what is left of the registry, as kubectl names it. It is the administrator's to delete. */
  readonly emptyRegistry: readonly string[]
}

/**
 * Ends a membership: the others withdraw what the cluster exports, then all that Isthmus made in it is removed,
 * and what the registry has of it. May be interrupted anywhere and repeated.
 *
 * @throws IsthmusError ISTHMUS_NOT_JOINED, ISTHMUS_AGENT_WOULD_RESTART, ISTHMUS_AGENT_STILL_RUNS,
 *   ISTHMUS_MEMBERS_SILENT, ISTHMUS_REGISTRY_NOT_FOUND, or the client's errors
 */
export async function leaveClusterSet(options: LeaveClusterOptions): Promise<Left> {
  const { client, registry, force = false, timeoutMs, signal, onProgress = () => {} } = options
  const { agentNamespace, exchangeNamespace } = await installedNamespaces(client, options, signal)
  const removal = { client, agentNamespace, exchangeNamespace, onProgress, signal }
  const record = await membershipOf(client, agentNamespace, signal)
  const choice = await findRegistry(registry, options.clusterset ?? record?.clusterset, signal)
  const registration = await registrationOf(options, choice, record)
  if (record === undefined && registration === undefined) {
    // An installation with peers of its own is no membership, and none of our business.
    if (await isInstalled(client, signal)) throw errorOf(ERRORS.notJoined, { server: client.server })
    // What an interrupted leave left; nothing, as a rule.
    const stays = (await isPartlyRemoved(client, signal)) ? await removeFromCluster(removal) : []
    return { ...choice, clusterId: undefined, stays, ...(await remainingIn(options, choice)) }
  }
  const clusterId = registration?.clusterId ?? record?.clusterId ?? ''
  const { kubectl = 'kubectl' } = options
  if (!force) await nothingStartsAgents({ client, agentNamespace, clusterId, kubectl, signal })
  if (registration !== undefined) await markDeparted(registration)
  if (record !== undefined) await markLeaving(client, agentNamespace, signal)
  onProgress(`${clusterId} is marked as leaving ${choice.clusterset}`)
  await agentStopped({
    client,
    agentNamespace,
    clusterId,
    timeoutMs,
    onWait: holder => onProgress(`waiting for its agent (${holder}) to end`),
    signal,
  }).catch(goOnIf(force, ERRORS.agentRuns.code))
  if (registration !== undefined) await withdrawn(registration, options)
  const stays = await removeFromCluster(removal)
  if (registration !== undefined) await unregister(registration)
  onProgress(`${clusterId} is no longer registered`)
  return { ...choice, clusterId, stays, ...(await remainingIn(options, choice)) }
}

/** Removes a member whose cluster is gone for good. */
export async function removeMember(options: RemoveMemberOptions): Promise<Left> {
  const { registry, clusterId, signal, onProgress = () => {} } = options
  const choice = await findRegistry(registry, options.clusterset, signal)
  const profiles = await listProfiles(registry, choice.namespace, signal)
  const found = profiles.map(registeredMember).find(member => member.clusterId === clusterId)
  if (found === undefined) {
    const rest = await remainingIn(options, choice)
    const departed = await departedKeys(registry, choice.namespace, signal)
    if ([...departed].some(key => key.startsWith(`${clusterId}.`)))
      return { ...choice, clusterId: undefined, stays: [], ...rest }
    const members = rest.remaining.join(', ') || 'none'
    throw errorOf(ERRORS.notAMember, { clusterId, clusterset: choice.clusterset, members })
  }
  const registration = { registry, ...choice, clusterId, profileUID: found.profileUID, signal }
  await markDeparted(registration)
  onProgress(`${clusterId} is marked as having left ${choice.clusterset}`)
  await withdrawn(registration, options)
  await unregister(registration)
  onProgress(`${clusterId} is no longer registered`)
  return { ...choice, clusterId, stays: [], ...(await remainingIn(options, choice)) }
}

async function withdrawn(registration: Registration, options: LeaveOptions): Promise<void> {
  const { timeoutMs, force = false, onProgress = () => {} } = options
  const onWait = (members: readonly string[]) =>
    onProgress(`waiting for ${members.join(', ')} to withdraw what it exports`)
  await othersWithdrew(registration, timeoutMs, onWait).catch(goOnIf(force, ERRORS.membersSilent.code))
}

function goOnIf(force: boolean, code: string): (error: unknown) => void {
  return error => {
    if (!force || (error as { code?: unknown }).code !== code) throw error
  }
}

/** By what the cluster says it is, or, where that is gone already, by the cluster itself. */
async function registrationOf(
  { client, registry, signal }: LeaveClusterOptions,
  { namespace }: RegistryChoice,
  record: MembershipRecord | undefined,
): Promise<Registration | undefined> {
  const members = (await listProfiles(registry, namespace, signal)).map(registeredMember)
  const uid = await clusterUID(client, signal)
  const found = members.find(member =>
    record === undefined ? member.registeredUID === uid : member.profileUID === record.profileUID,
  )
  if (found === undefined) return undefined
  return { registry, namespace, clusterId: found.clusterId, profileUID: found.profileUID, signal }
}

/** Its agent ends when it sees this. */
async function markLeaving(
  client: ClusterClient,
  namespace: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (;;) {
    const found = await client
      .get(CONFIG_MAPS, MEMBERSHIP_NAME, namespace, { signal })
      .catch(absentIfNotFound)
    const record = configMapValue<MembershipRecord>(found)
    if (found === undefined || record === undefined || record.state === 'leaving') return
    try {
      const leaving: MembershipRecord = { ...record, state: 'leaving' }
      await client.update(CONFIG_MAPS, { ...found, ...configMapData(leaving) }, { signal })
      return
    } catch (error) {
      if (!isConflict(error)) throw error
    }
  }
}

/** An agent may work there. */
async function isInstalled(client: ClusterClient, signal: AbortSignal | undefined): Promise<boolean> {
  const found = await client
    .get(CLUSTER_ROLE_BINDINGS, AGENT_NAME, undefined, { signal })
    .catch(absentIfNotFound)
  return found !== undefined
}

/** The role goes last, long after its binding. */
async function isPartlyRemoved(client: ClusterClient, signal: AbortSignal | undefined): Promise<boolean> {
  const found = await client.get(CLUSTER_ROLES, AGENT_NAME, undefined, { signal }).catch(absentIfNotFound)
  return found !== undefined
}

async function remainingIn(
  { registry, signal }: LeaveOptions,
  { namespace }: RegistryChoice,
): Promise<Pick<Left, 'remaining' | 'emptyRegistry'>> {
  const profiles = await listProfiles(registry, namespace, signal)
  const remaining = profiles.map(({ metadata }) => metadata.name ?? '').sort()
  const emptyRegistry = remaining.length === 0 ? await leftOfRegistry(registry, namespace, signal) : []
  return { remaining, emptyRegistry }
}

/** Its kind too, where that is from Isthmus and no other registry is there. */
async function leftOfRegistry(
  registry: ClusterClient,
  namespace: string,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const name = `${CLUSTER_PROFILES.plural}.${CLUSTER_PROFILES.group}`
  const { items } = await registry.list(NAMESPACES, { labelSelector: LABEL_CLUSTERSET, limit: 2, signal })
  const kind = await registry
    .get(CUSTOM_RESOURCE_DEFINITIONS, name, undefined, { signal })
    .catch(absentIfNotFound)
  const isOurs = kind?.metadata.labels?.[LABEL_CRD_REVISION] !== undefined
  return [`namespace/${namespace}`, ...(isOurs && items.length === 1 ? [`crd/${name}`] : [])]
}
