/** A member's end in the registry, written by an administrator. */
import { setTimeout as delay } from 'node:timers/promises'
import {
  CLUSTER_PROFILES,
  CONFIG_MAPS,
  type ConfigMap,
  DEPARTED_NAME,
  errorOf,
  LABEL_READER,
  memberAccount,
  SECRETS,
} from '@isthmus/api'
import { departedKey, withTombstone } from '@isthmus/core'
import { type ClusterClient, isAlreadyExists, isConflict, isNotFound } from '@isthmus/kube'
import { absentIfNotFound, applyObjects } from '../../install/apply-objects.ts'
import { ROLE_BINDINGS, ROLES, SERVICE_ACCOUNTS } from '../../install/resource-types.ts'
import { LABEL_PUBLISHER, make, memberRoles } from '../registry-objects.ts'
import { deleteIfThere } from './delete-objects.ts'
import { ERRORS } from './errors.ts'
import { departedKeys, listProfiles, registeredMember } from './find-registry.ts'
import { listMembers, type RegisteredPeer } from './register.ts'

const ATTEMPTS = 5
const POLL_MS = 250

export interface Registration extends RegisteredPeer {
  readonly registry: ClusterClient
  /** The registry's. */
  readonly namespace: string
  readonly signal?: AbortSignal | undefined
}

/** Says to all members that this one has left: that its profile is gone would not. */
export async function markDeparted({
  registry,
  namespace,
  clusterId,
  profileUID,
  signal,
}: Registration): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    const found = await registry
      .get(CONFIG_MAPS, DEPARTED_NAME, namespace, { signal })
      .catch(absentIfNotFound)
    const data = withTombstone(found?.data, clusterId, profileUID, new Date().toISOString())
    if (data === found?.data) return
    try {
      if (found !== undefined) await registry.update(CONFIG_MAPS, { ...found, data }, { signal })
      else {
        const { object } = make(CONFIG_MAPS, { namespace, name: DEPARTED_NAME }, { data })
        await registry.create(CONFIG_MAPS, object as ConfigMap, { signal })
      }
      return
    } catch (error) {
      const raced = isAlreadyExists(error) || isConflict(error)
      if (!raced || attempt === ATTEMPTS) throw error
    }
  }
}

/**
 * Resolves when no other member has a link with this one any more; one that is leaving itself is no member.
 *
 * @throws IsthmusError ISTHMUS_MEMBERS_SILENT with those that still say they have
 */
export async function othersWithdrew(
  { registry, namespace, clusterId, signal }: Registration,
  timeoutMs: number,
  onWait: (members: readonly string[]) => void,
): Promise<void> {
  const deadline = performance.now() + timeoutMs
  let told = ''
  for (;;) {
    const gone = await departedKeys(registry, namespace, signal)
    const members = (await listProfiles(registry, namespace, signal)).map(registeredMember)
    const linked = members
      .filter(({ links }) => links[clusterId] !== undefined)
      .filter(member => !gone.has(departedKey(member.clusterId, member.profileUID)))
      .map(member => member.clusterId)
    if (linked.length === 0) return
    const names = linked.sort().join(', ')
    if (names !== told) onWait(linked)
    told = names
    if (performance.now() >= deadline) throw errorOf(ERRORS.membersSilent, { members: names, clusterId })
    await delay(POLL_MS, undefined, signal === undefined ? {} : { signal })
  }
}

/** First what gives access; the profile, which tells that this has to be done, last. */
export async function unregister(registration: Registration): Promise<void> {
  const { registry, namespace, clusterId, profileUID, signal } = registration
  const account = memberAccount(clusterId)
  for (const type of [SERVICE_ACCOUNTS, ROLE_BINDINGS, ROLES])
    await deleteIfThere(registry, type, account, namespace, signal)
  for (const label of [LABEL_PUBLISHER, LABEL_READER]) {
    const labelSelector = `${label}=${clusterId}`
    const { items } = await registry.list(SECRETS, { namespace, labelSelector, signal })
    for (const { metadata } of items)
      await deleteIfThere(registry, SECRETS, metadata.name ?? '', namespace, signal)
  }
  const members = (await listMembers(registry, namespace, signal)).map(member => member.clusterId)
  const others = members.filter(id => id !== clusterId)
  await applyObjects(registry, [memberRoles(namespace, others)], { signal })
  try {
    await registry.delete(CLUSTER_PROFILES, clusterId, namespace, { uid: profileUID, signal })
  } catch (error) {
    // A conflict: the id is another cluster's by now.
    if (!isNotFound(error) && !isConflict(error)) throw error
  }
}
