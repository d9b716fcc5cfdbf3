/** What a member's own cluster keeps of its membership, written by an administrator. */
import { isDeepStrictEqual } from 'node:util'
import {
  type ApiAccess,
  CLUSTER_PROPERTIES,
  CONFIG_MAPS,
  configMapData,
  configMapValue,
  type KubernetesObject,
  MEMBERSHIP_NAME,
  type MembershipRecord,
  memberAccount,
  PROPERTY_CLUSTER_ID,
  PROPERTY_CLUSTERSET,
  REGISTRY_SECRET_NAME,
  type RegistryAccess,
  type ResourceType,
  SECRETS,
  secretData,
  secretValue,
} from '@isthmus/api'
import { type ClusterClient, isAlreadyExists } from '@isthmus/kube'
import { absentIfNotFound } from '../../install/apply-objects.ts'
import { make } from '../registry-objects.ts'
import { requestToken } from '../request-token.ts'

export interface MembershipOptions {
  readonly client: ClusterClient
  readonly agentNamespace: string
  readonly record: MembershipRecord
  readonly registry: {
    readonly client: ClusterClient
    readonly access: ApiAccess
    readonly namespace: string
  }
  readonly signal?: AbortSignal | undefined
}

/** A token that is about to expire is as good as none. */
const MARGIN_MS = 60_000

/** Identity, access to the registry, and the record, which comes last: it says that all is there. */
export async function writeMembership(options: MembershipOptions): Promise<void> {
  const { client, agentNamespace: namespace, record, signal } = options
  await claimProperty(client, PROPERTY_CLUSTER_ID, record.clusterId, signal)
  await claimProperty(client, PROPERTY_CLUSTERSET, record.clusterset, signal)
  await writeRegistryAccess(options, false)
  const found = await client.get(CONFIG_MAPS, MEMBERSHIP_NAME, namespace, { signal }).catch(absentIfNotFound)
  if (isDeepStrictEqual(configMapValue(found), record)) return
  await put(client, CONFIG_MAPS, found, { namespace, name: MEMBERSHIP_NAME }, configMapData(record), signal)
}

/** @param renew also where what is there would still do */
export async function writeRegistryAccess(options: MembershipOptions, renew: boolean): Promise<void> {
  const { client, agentNamespace: namespace, record, registry, signal } = options
  const { server, certificateAuthority, tlsServerName } = registry.access
  const address = {
    server,
    ...(certificateAuthority === undefined ? {} : { certificateAuthority }),
    ...(tlsServerName === undefined ? {} : { tlsServerName }),
    namespace: registry.namespace,
  }
  const found = await client.get(SECRETS, REGISTRY_SECRET_NAME, namespace, { signal }).catch(absentIfNotFound)
  const before = secretValue<RegistryAccess>(found)
  if (!renew && before !== undefined && isUsable(before, address)) return
  const account = memberAccount(record.clusterId)
  const { token, expiresAt } = await requestToken(registry.client, registry.namespace, account, signal)
  const access: RegistryAccess = { ...address, token, expiresAt, issuedAt: new Date().toISOString() }
  const metadata = { namespace, name: REGISTRY_SECRET_NAME }
  await put(client, SECRETS, found, metadata, { type: 'Opaque', ...secretData(access) }, signal)
}

function isUsable(
  { token: _, expiresAt, issuedAt: __, ...address }: RegistryAccess,
  wanted: object,
): boolean {
  return isDeepStrictEqual(address, wanted) && Date.parse(expiresAt) > Date.now() + MARGIN_MS
}

/** What is there with the right value, whoever made it, is used. */
async function claimProperty(
  client: ClusterClient,
  name: string,
  value: string,
  signal: AbortSignal | undefined,
): Promise<void> {
  const found = await client.get(CLUSTER_PROPERTIES, name, undefined, { signal }).catch(absentIfNotFound)
  if (found !== undefined) return
  try {
    const { object } = make(CLUSTER_PROPERTIES, { name }, { spec: { value } })
    await client.create(CLUSTER_PROPERTIES, object as typeof CLUSTER_PROPERTIES.object & KubernetesObject, {
      signal,
    })
  } catch (error) {
    if (!isAlreadyExists(error)) throw error
  }
}

async function put(
  client: ClusterClient,
  type: ResourceType,
  found: KubernetesObject | undefined,
  metadata: { namespace: string; name: string },
  fields: object,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (found === undefined) await client.create(type, make(type, metadata, fields).object, { signal })
  else await client.update(type, { ...found, ...fields }, { signal })
}
