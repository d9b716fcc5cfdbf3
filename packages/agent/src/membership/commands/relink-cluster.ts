import {
  ANNOTATION_RELINK_REQUESTED,
  type ApiAccess,
  CLUSTER_PROFILES,
  type ClusterProfile,
  errorOf,
  memberAccount,
  type PinnedPeer,
  peerSecretName,
  SECRETS,
  secretData,
  secretValue,
} from '@isthmus/api'
import { readProfile } from '@isthmus/core'
import { type ClusterClient, isAlreadyExists } from '@isthmus/kube'
import { absentIfNotFound } from '../../install/apply-objects.ts'
import { installedNamespaces } from '../../install/installed-namespaces.ts'
import { deliverCredential } from '../issue-credential.ts'
import { memberAccountObject } from '../registry-objects.ts'
import { membershipOf } from './cluster-facts.ts'
import { deleteIfThere } from './delete-objects.ts'
import { ERRORS } from './errors.ts'
import { findRegistry, listProfiles } from './find-registry.ts'
import { writeRegistryAccess } from './own-membership.ts'
import { type LaidTokens, laidTokens } from './when-answered.ts'

export interface RelinkOptions {
  /** The cluster whose links are broken, as an administrator. */
  readonly client: ClusterClient
  /** The registry, as an administrator. */
  readonly registry: ClusterClient
  readonly registryAccess: ApiAccess
  /** The link with this member alone. Default: with all. */
  readonly peer?: string | undefined
  /** Believe what the peer's profile says now, in place of what was pinned. Needs a peer. */
  readonly accept?: boolean | undefined
  readonly agentNamespace?: string | undefined
  readonly exchangeNamespace?: string | undefined
  readonly onProgress?: ((message: string) => void) | undefined
  readonly signal?: AbortSignal | undefined
}

export interface Relinked {
  readonly clusterset: string
  readonly clusterId: string
  readonly namespace: string
  readonly peers: readonly string[]
  /** What they had issued to it when they were asked for more, for `whenAnswered`. */
  readonly before: LaidTokens
}

/**
 * Mends links whose credentials have expired or were stolen, or whose peer has moved: access to the registry is
 * renewed, new first credentials are laid into it, and the others are asked for theirs. What was issued before,
 * in both directions, is worth nothing any more: its accounts are made anew. May be interrupted and repeated.
 *
 * @throws IsthmusError ISTHMUS_NOT_JOINED, ISTHMUS_NOT_A_MEMBER, ISTHMUS_REGISTRY_NOT_FOUND, or the client's errors
 */
export async function relinkCluster(options: RelinkOptions): Promise<Relinked> {
  const { client, registry, registryAccess, signal, onProgress = () => {} } = options
  const { agentNamespace, exchangeNamespace } = await installedNamespaces(client, options, signal)
  const record = await membershipOf(client, agentNamespace, signal)
  if (record === undefined) throw errorOf(ERRORS.notJoined, { server: client.server })
  const { clusterId, clusterset } = record
  const { namespace } = await findRegistry(registry, clusterset, signal)
  const profiles = await listProfiles(registry, namespace, signal)
  const others = profiles.filter(({ metadata }) => metadata.name !== clusterId)
  const chosen = others.filter(({ metadata }) => options.peer === undefined || metadata.name === options.peer)
  const isRegistered = profiles.some(({ metadata }) => metadata.uid === record.profileUID)
  if (!isRegistered || (options.peer !== undefined && chosen.length === 0)) {
    const members = profiles.map(({ metadata }) => metadata.name).join(', ') || 'none'
    throw errorOf(ERRORS.notAMember, {
      clusterId: isRegistered ? (options.peer ?? '') : clusterId,
      clusterset,
      members,
    })
  }
  if (options.accept === true) {
    for (const profile of chosen) onProgress(await acceptProfile(client, agentNamespace, profile, signal))
  }

  await endTokensOf(registry, namespace, clusterId, signal)
  await writeRegistryAccess(
    {
      client,
      agentNamespace,
      record,
      registry: { client: registry, access: registryAccess, namespace },
      signal,
    },
    true,
  )
  onProgress(`renewed the access of ${clusterId} to the registry`)
  const requestedAt = new Date().toISOString()
  for (const { metadata } of chosen) {
    // As the agent puts it together, so that it finds the request answered.
    const asked = [metadata.annotations?.[ANNOTATION_RELINK_REQUESTED], requestedAt]
    await deliverCredential({
      client,
      exchangeNamespace,
      publisher: clusterId,
      access: record.access,
      reader: { clusterId: metadata.name ?? '', profileUID: metadata.uid ?? '' },
      now: Date.now(),
      signal,
      registry: { client: registry, namespace },
      relinkRequested: asked.filter(time => time).join(' '),
    })
  }
  const peers = chosen.map(({ metadata }) => metadata.name ?? '')
  const before = await laidTokens({ registry, namespace, clusterId, signal }, peers)
  const annotations = { [ANNOTATION_RELINK_REQUESTED]: requestedAt }
  await registry.patch(CLUSTER_PROFILES, clusterId, namespace, { metadata: { annotations } }, { signal })
  onProgress(`issued new credentials to ${peers.join(', ') || 'nobody'}, and asked for theirs`)
  return { clusterset, clusterId, namespace, peers, before }
}

/** A member may renew its own token for as long as its account lives. */
async function endTokensOf(
  registry: ClusterClient,
  namespace: string,
  clusterId: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { type, object } = memberAccountObject(namespace, clusterId)
  await deleteIfThere(registry, type, memberAccount(clusterId), namespace, signal)
  try {
    await registry.create(type, object, { signal })
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
}

/** An administrator's word that the peer is the one that its profile says it is now. */
async function acceptProfile(
  client: ClusterClient,
  namespace: string,
  profile: ClusterProfile,
  signal: AbortSignal | undefined,
): Promise<string> {
  const { clusterId, access, exchangeNamespace } = readProfile(profile)
  const found = await client
    .get(SECRETS, peerSecretName(clusterId), namespace, { signal })
    .catch(absentIfNotFound)
  const before = secretValue<PinnedPeer>(found)
  if (found === undefined || before === undefined)
    return `${clusterId} is not pinned yet; it will be as it is`
  if (access === undefined || exchangeNamespace === undefined)
    return `${clusterId} has announced nothing to accept`
  const { credential: _, departedAt: __, ...rest } = before as PinnedPeer & { departedAt?: string }
  const pin: PinnedPeer = {
    ...rest,
    access,
    exchangeNamespace,
    profileUID: profile.metadata.uid ?? '',
    pinnedAt: new Date().toISOString(),
  }
  await client.update(SECRETS, { ...found, ...secretData(pin) }, { signal })
  const moved =
    before.access.server === access.server ? access.server : `${before.access.server}, now ${access.server}`
  const authority =
    before.access.certificateAuthority === access.certificateAuthority ? '' : ', with another authority'
  return `accepted what ${clusterId} announces: ${moved}${authority}`
}
