/** Takes out of a cluster all that Isthmus made in it, and nothing else. */
import {
  CLUSTER_PROPERTIES,
  CONFIG_MAPS,
  CUSTOM_RESOURCE_DEFINITIONS,
  type CustomResourceDefinition,
  ENDPOINT_SLICES,
  type KubernetesObject,
  LABEL_CLUSTERSET,
  LABEL_DERIVED_FOR,
  LABEL_MANAGED_BY,
  LABEL_SLICE_MANAGED_BY,
  MANAGER,
  NAMESPACES,
  type ResourceType,
  SERVICE_EXPORTS,
  SERVICE_IMPORTS,
  SERVICES,
  type ServiceExport,
} from '@isthmus/api'
import { type ClusterClient, isConflict, isNotFound } from '@isthmus/kube'
import { absentIfNotFound } from '../../install/apply-objects.ts'
import { LABEL_CRD_REVISION } from '../../install/definition-rules.ts'
import { customResourceDefinitions } from '../../install/definitions.ts'
import { AGENT_NAME, type InstallObject, installObjects } from '../../install/objects.ts'
import { CLUSTER_ROLES } from '../../install/resource-types.ts'
import { deleteAll, deleteIfThere, isMadeByIsthmus, listIfServed } from './delete-objects.ts'
import { removeNamespace } from './remove-namespace.ts'

export interface RemoveOptions {
  readonly client: ClusterClient
  readonly agentNamespace: string
  readonly exchangeNamespace: string
  /** What is done, a sentence each. */
  readonly onProgress: (message: string) => void
  readonly signal?: AbortSignal | undefined
}

/**
 * The agent's namespace comes last but one: it keeps the record of the membership, which says that there is
 * something to remove. The agent's ClusterRole, which says where, comes last. May be interrupted anywhere and
 * repeated.
 *
 * @returns what stays, and why: a sentence each
 */
export async function removeFromCluster(options: RemoveOptions): Promise<readonly string[]> {
  const { client, agentNamespace, exchangeNamespace, onProgress, signal } = options
  const stays: string[] = []
  const imports = await removeImports(options)
  onProgress(`removed ${imports} imports, with their Services and EndpointSlices`)
  await clearExportConditions(options)

  const usesCoreDNS = await coreDNSReadsImports(client, signal)
  if (usesCoreDNS)
    stays.push(
      'CoreDNS reads ServiceImports (`multicluster` in its Corefile) and would not start without: their CRD and its permission stay. Take that out of the Corefile, then leave again',
    )
  const selection = { agentNamespace, exchangeNamespace, coredns: !usesCoreDNS }
  const [, , accounts] = installObjects(selection)
  const inCluster = accounts.filter(({ object }) => object.metadata.namespace === undefined)
  const isRole = ({ type, object }: InstallObject) =>
    type === CLUSTER_ROLES && object.metadata.name === AGENT_NAME
  for (const item of inCluster) if (!isRole(item)) await deleteOurs(client, item, signal)
  if (exchangeNamespace !== agentNamespace)
    stays.push(...(await removeNamespace({ ...options, namespace: exchangeNamespace })))
  await removeProperties(options)
  stays.push(...(await removeDefinitions(client, usesCoreDNS, signal)))
  onProgress('removed permissions, ClusterProperties and kinds')

  stays.push(...(await removeNamespace({ ...options, namespace: agentNamespace })))
  for (const item of inCluster) if (isRole(item)) await deleteOurs(client, item, signal)
  onProgress('removed the namespaces')
  return stays
}

/** In the order in which an agent removes them. */
async function removeImports({ client, signal }: RemoveOptions): Promise<number> {
  const ours = `${LABEL_MANAGED_BY}=${MANAGER}`
  const imports = await listIfServed(client, SERVICE_IMPORTS, { labelSelector: ours, signal })
  await deleteAll(client, SERVICE_IMPORTS, imports, signal)
  const slices = await client.list(ENDPOINT_SLICES, {
    labelSelector: `${LABEL_SLICE_MANAGED_BY}=${MANAGER}`,
    signal,
  })
  await deleteAll(client, ENDPOINT_SLICES, slices.items, signal)
  const services = await client.list(SERVICES, { labelSelector: `${ours},${LABEL_DERIVED_FOR}`, signal })
  await deleteAll(client, SERVICES, services.items, signal)
  return imports.length
}

const OUR_CONDITIONS: readonly string[] = ['Valid', 'Ready', 'Conflict']

/** A user's ServiceExport stays; that it is exported is no longer true. */
async function clearExportConditions({ client, signal }: RemoveOptions): Promise<void> {
  for (const found of await listIfServed(client, SERVICE_EXPORTS, { signal })) {
    const conditions = found.status?.conditions ?? []
    const others = conditions.filter(({ type }) => !OUR_CONDITIONS.includes(type))
    if (others.length === conditions.length) continue
    const { status: _, ...object } = found
    const cleared: ServiceExport =
      others.length === 0 ? object : { ...object, status: { conditions: others } }
    try {
      await client.updateStatus(SERVICE_EXPORTS, cleared, { signal })
    } catch (error) {
      if (!isNotFound(error) && !isConflict(error)) throw error
    }
  }
}

async function removeProperties({ client, signal }: RemoveOptions): Promise<void> {
  const properties = await listIfServed(client, CLUSTER_PROPERTIES, { signal })
  await deleteAll(client, CLUSTER_PROPERTIES, properties.filter(isMadeByIsthmus), signal)
}

/** Those of Isthmus, where nothing of the kind is left: what is left is a user's. */
async function removeDefinitions(
  client: ClusterClient,
  usesCoreDNS: boolean,
  signal: AbortSignal | undefined,
): Promise<string[]> {
  const stays: string[] = []
  for (const { metadata, spec } of customResourceDefinitions()) {
    const name = metadata.name ?? ''
    const found = await client
      .get(CUSTOM_RESOURCE_DEFINITIONS, name, undefined, { signal })
      .catch(absentIfNotFound)
    if (found?.metadata.labels?.[LABEL_CRD_REVISION] === undefined) continue
    if (usesCoreDNS && spec.names.kind === SERVICE_IMPORTS.kind) continue
    const why = await whyInUse(client, found, signal)
    if (why === undefined) await deleteIfThere(client, CUSTOM_RESOURCE_DEFINITIONS, name, undefined, signal)
    else stays.push(`the CRD ${name} stays: ${why}`)
  }
  return stays
}

async function whyInUse(
  client: ClusterClient,
  { spec: { group, names, scope, versions } }: CustomResourceDefinition,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const version = versions.find(({ served }) => served)?.name ?? ''
  const type: ResourceType = {
    group,
    version,
    plural: names.plural,
    kind: names.kind,
    namespaced: scope === 'Namespaced',
  }
  if (names.kind === 'ClusterProfile') {
    const { items } = await client.list(NAMESPACES, { labelSelector: LABEL_CLUSTERSET, limit: 1, signal })
    if (items.length > 0) return 'this cluster keeps a registry'
  }
  const [object] = await listIfServed(client, type, { limit: 1, signal })
  return object === undefined ? undefined : `there is still ${names.kind} ${nameOf(object)}`
}

function nameOf({ metadata: { namespace, name } }: KubernetesObject): string {
  return namespace === undefined ? `${name}` : `${namespace}/${name}`
}

/** It would not become ready without the kind and the permission, and then not answer for cluster.local either. */
async function coreDNSReadsImports(client: ClusterClient, signal: AbortSignal | undefined): Promise<boolean> {
  const corefile = await client.get(CONFIG_MAPS, 'coredns', 'kube-system', { signal }).catch(absentIfNotFound)
  return /^\s*multicluster\s/m.test(Object.values(corefile?.data ?? {}).join('\n'))
}

async function deleteOurs(
  client: ClusterClient,
  { type, object }: InstallObject,
  signal: AbortSignal | undefined,
): Promise<void> {
  const { name = '' } = object.metadata
  const found = await client.get(type, name, undefined, { signal }).catch(absentIfNotFound)
  if (found?.metadata.labels?.[LABEL_MANAGED_BY] === MANAGER) await deleteAll(client, type, [found], signal)
}
