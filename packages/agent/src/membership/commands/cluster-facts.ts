/** Reads what has to be known of a cluster before it joins. Nothing is written. */
import {
  apiVersionOf,
  CLUSTER_PROPERTIES,
  CONFIG_MAPS,
  configMapValue,
  ENDPOINT_SLICES,
  type KubernetesObject,
  LABEL_SERVICE_NAME,
  MEMBERSHIP_NAME,
  type MembershipRecord,
  NAMESPACES,
  NODES,
  type Node,
  PROPERTY_CLUSTER_ID,
  PROPERTY_CLUSTERSET,
  type ResourceType,
  SERVICE_IMPORTS,
} from '@isthmus/api'
import {
  type JoiningCluster,
  mergeCIDRs,
  type OtherImplementation,
  otherImplementationsIn,
} from '@isthmus/core'
import { ApiError, type ClusterClient, isKindMissing } from '@isthmus/kube'
import { absentIfNotFound, type Plan } from '../../install/apply-objects.ts'
import { probeFamilies } from '../../own/prerequisites.ts'

export interface ClusterFactsOptions {
  readonly client: ClusterClient
  readonly agentNamespace: string
  /** Of the installation. */
  readonly plan: Promise<Plan>
  /** Instead of those that the cluster's nodes have. */
  readonly podCIDRs?: readonly string[] | undefined
  readonly signal?: AbortSignal | undefined
}

export async function clusterFacts(options: ClusterFactsOptions): Promise<JoiningCluster> {
  const { client, agentNamespace, signal } = options
  const [uid, version, identity, membership, nodes, serviceCIDRs, ipFamilies, others, { refusals }] =
    await Promise.all([
      clusterUID(client, signal),
      kubernetesVersion(client, signal),
      identityOf(client, signal),
      membershipOf(client, agentNamespace, signal),
      client.list(NODES, { signal }).then(({ items }) => items),
      serviceRanges(client, signal),
      // By a dry run in a namespace that is there in every cluster.
      probeFamilies(client, 'default', signal ?? new AbortController().signal),
      otherImplementations(client, signal),
      options.plan,
    ])
  return {
    uid,
    version,
    identity,
    membership,
    podCIDRs: options.podCIDRs ?? mergeCIDRs(nodes.flatMap(podRanges)),
    nodeCIDRs: mergeCIDRs(nodes.flatMap(nodeAddresses)),
    serviceCIDRs,
    ipFamilies,
    otherImplementations: others,
    refusals,
  }
}

/** Of the namespace kube-system, which lives as long as the cluster. */
export async function clusterUID(client: ClusterClient, signal?: AbortSignal): Promise<string> {
  return (await client.get(NAMESPACES, 'kube-system', undefined, { signal })).metadata.uid ?? ''
}

export async function kubernetesVersion(client: ClusterClient, signal?: AbortSignal): Promise<string> {
  const { body } = await client.raw('/version', { signal })
  return (JSON.parse(body) as { gitVersion: string }).gitVersion
}

export async function membershipOf(
  client: ClusterClient,
  namespace: string,
  signal?: AbortSignal,
): Promise<MembershipRecord | undefined> {
  return configMapValue<MembershipRecord>(
    await client.get(CONFIG_MAPS, MEMBERSHIP_NAME, namespace, { signal }).catch(absentIfNotFound),
  )
}

async function identityOf(client: ClusterClient, signal: AbortSignal | undefined) {
  const read = async (name: string) =>
    (await client.get(CLUSTER_PROPERTIES, name, undefined, { signal }).catch(absentIfNotFound))?.spec.value
  const [clusterId, clusterset] = await Promise.all([read(PROPERTY_CLUSTER_ID), read(PROPERTY_CLUSTERSET)])
  return { clusterId, clusterset }
}

function podRanges({ spec }: Node): readonly string[] {
  return spec?.podCIDRs ?? (spec?.podCIDR === undefined ? [] : [spec.podCIDR])
}

function nodeAddresses({ status }: Node): readonly string[] {
  return (status?.addresses ?? []).filter(({ type }) => type === 'InternalIP').map(({ address }) => address)
}

interface ServiceCIDRList {
  readonly items?: readonly { readonly spec?: { readonly cidrs?: readonly string[] } }[]
}

/** Known since 1.33 (networking.k8s.io/v1). */
async function serviceRanges(
  client: ClusterClient,
  signal: AbortSignal | undefined,
): Promise<readonly string[]> {
  const { status, body } = await client.raw('/apis/networking.k8s.io/v1/servicecidrs', { signal })
  if (status !== 200) return []
  return ((JSON.parse(body) as ServiceCIDRList).items ?? []).flatMap(({ spec }) => spec?.cidrs ?? [])
}

/** More than these need not be looked at: whoever is at work here writes all of them. */
const SAMPLE = 500

async function otherImplementations(
  client: ClusterClient,
  signal: AbortSignal | undefined,
): Promise<readonly OtherImplementation[]> {
  const lists = await Promise.all([
    client.list(SERVICE_IMPORTS, { limit: SAMPLE, signal }).catch(noneIfKindMissing),
    client.list(GKE_SERVICE_IMPORTS, { limit: SAMPLE, signal }).catch(noneIfKindMissing),
    client.list(ENDPOINT_SLICES, { labelSelector: LABEL_SERVICE_NAME, limit: SAMPLE, signal }),
  ])
  const [imports, ofGKE, slices] = lists.map(({ items }) => items as readonly KubernetesObject[])
  return otherImplementationsIn([
    ...ofKind(SERVICE_IMPORTS, imports),
    ...ofKind(GKE_SERVICE_IMPORTS, ofGKE),
    ...ofKind(ENDPOINT_SLICES, slices),
  ])
}

/** Its own kind, for the same names under clusterset.local. */
const GKE_SERVICE_IMPORTS: ResourceType = { ...SERVICE_IMPORTS, group: 'net.gke.io', version: 'v1' }

/** Items of a list need not say what they are. */
function ofKind(type: ResourceType, items: readonly KubernetesObject[] = []): KubernetesObject[] {
  return items.map(item => ({ ...item, apiVersion: apiVersionOf(type), kind: type.kind }))
}

function noneIfKindMissing(error: unknown): { items: [] } {
  if (isKindMissing(error) || (error instanceof ApiError && error.code === 404)) return { items: [] }
  throw error
}
