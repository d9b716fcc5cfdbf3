import {
  errorOf,
  LABEL_PEER,
  type MembershipRecord,
  type PinnedPeer,
  REGISTRY_SECRET_NAME,
  type RegistryAccess,
  SECRETS,
  secretValue,
} from '@isthmus/api'
import { type MemberRow, memberTable } from '@isthmus/core'
import { type ClusterClient, connect, staticCredentials } from '@isthmus/kube'
import { absentIfNotFound } from '../../install/apply-objects.ts'
import { installedNamespaces } from '../../install/installed-namespaces.ts'
import { membershipOf } from './cluster-facts.ts'
import { ERRORS } from './errors.ts'
import { departedKeys, findRegistry, listProfiles, registeredMember } from './find-registry.ts'
import { type PolicySaid, policySaid } from './stated-policy.ts'

export interface Members {
  readonly clusterset: string
  /** The registry's. */
  readonly namespace: string
  readonly members: readonly MemberRow[]
  /** The ClusterSet's; absent where it has none. */
  readonly lostMemberPolicy?: PolicySaid | undefined
}

/** As the registry has them. */
export async function listMembersOf(
  registry: ClusterClient,
  clusterset: string | undefined,
  signal?: AbortSignal,
): Promise<Members> {
  const choice = await findRegistry(registry, clusterset, signal)
  const lostMemberPolicy = await policySaid(registry, choice.namespace, signal)
  return { ...choice, members: await tableOf(registry, choice.namespace, signal), lostMemberPolicy }
}

async function tableOf(
  registry: ClusterClient,
  namespace: string,
  signal: AbortSignal | undefined,
): Promise<readonly MemberRow[]> {
  const departed = await departedKeys(registry, namespace, signal)
  const profiles = await listProfiles(registry, namespace, signal)
  return memberTable(profiles.map(registeredMember), departed)
}

export interface KnownMembers {
  readonly record: MembershipRecord
  /** With the member's own access. */
  readonly registry: { readonly server: string; readonly members: readonly MemberRow[] } | undefined
  /** Why the registry could not be asked. */
  readonly failure?: unknown
  /** What the cluster itself keeps of the others. */
  readonly peers: readonly PinnedPeer[]
  /** The ClusterSet's, as the registry has it, or, where that cannot be asked, as the cluster holds it. */
  readonly lostMemberPolicy?: PolicySaid | undefined
}

/**
 * As a member knows them: from the registry with the member's own access, and what it has pinned.
 *
 * @throws IsthmusError ISTHMUS_NOT_JOINED, or the client's errors
 */
export async function listMembersKnownTo(
  client: ClusterClient,
  { signal, ...given }: { agentNamespace?: string | undefined; signal?: AbortSignal | undefined } = {},
): Promise<KnownMembers> {
  const { agentNamespace: namespace } = await installedNamespaces(client, given, signal)
  const record = await membershipOf(client, namespace, signal)
  if (record === undefined) throw errorOf(ERRORS.notJoined, { server: client.server })
  const secrets = await client.list(SECRETS, { namespace, labelSelector: LABEL_PEER, signal })
  const peers = secrets.items.flatMap(secret => secretValue<PinnedPeer>(secret) ?? [])
  const secret = await client
    .get(SECRETS, REGISTRY_SECRET_NAME, namespace, { signal })
    .catch(absentIfNotFound)
  const access = secretValue<RegistryAccess>(secret)
  const held = () => policySaid(client, namespace, signal)
  if (access === undefined) return { record, registry: undefined, peers, lostMemberPolicy: await held() }
  const registry = connectToRegistry(access)
  try {
    const members = await tableOf(registry, access.namespace, signal)
    const lostMemberPolicy = await policySaid(registry, access.namespace, signal)
    return { record, registry: { server: access.server, members }, peers, lostMemberPolicy }
  } catch (failure) {
    return { record, registry: undefined, failure, peers, lostMemberPolicy: await held() }
  } finally {
    await registry.close()
  }
}

function connectToRegistry({
  server,
  token,
  certificateAuthority,
  tlsServerName,
}: RegistryAccess): ClusterClient {
  return connect(
    staticCredentials({ server, token, tls: { ca: certificateAuthority, serverName: tlsServerName } }),
    { requestTimeoutMs: 10_000 },
  )
}
