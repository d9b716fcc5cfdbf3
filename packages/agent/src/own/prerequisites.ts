import {
  CLUSTER_PROPERTIES,
  CONFIG_MAPS,
  CUSTOM_RESOURCE_DEFINITIONS,
  ENDPOINT_SLICES,
  EXPORT_INDEXES,
  EXPORTED_ENDPOINTS,
  EXPORTED_SERVICES,
  errorOf,
  IMPORT_POLICIES,
  type IPFamily,
  LABEL_MANAGED_BY,
  LEASES,
  MANAGER,
  NAMESPACES,
  PROPERTY_CLUSTER_ID,
  PROPERTY_CLUSTERSET,
  type ResourceType,
  SERVICE_EXPORTS,
  SERVICE_IMPORTS,
  SERVICES,
  type Service,
} from '@isthmus/api'
import { type FieldSchema, type KeptFields, keptFieldsOf } from '@isthmus/core'
import { ApiError, type ClusterClient, isNotFound } from '@isthmus/kube'
import { ERRORS } from '../errors.ts'
import { explainOwn } from './own-client.ts'

export interface Prerequisites {
  /** The families that Services of this cluster may have, its preferred one first. */
  readonly supportedFamilies: readonly IPFamily[]
  readonly kept: KeptFields
}

export interface Identity {
  readonly clusterId: string
  readonly clusterset: string
}

/**
 * What an agent needs before it can begin: the server answers, the kinds are served and may be read, the
 * namespaces are there, the cluster has not got another id. Rejects with an IsthmusError that says what
 * is missing.
 */
export async function checkPrerequisites(
  client: ClusterClient,
  identity: Identity,
  agentNamespace: string,
  exchangeNamespace: string,
  signal: AbortSignal,
): Promise<Prerequisites> {
  for (const [type, namespace] of readKinds(agentNamespace, exchangeNamespace)) {
    await explained(`read ${type.plural}`, () => client.list(type, { limit: 1, namespace, signal }))
  }
  for (const namespace of [agentNamespace, exchangeNamespace]) {
    await explained(`look for namespace ${namespace}`, async () => {
      await client.get(NAMESPACES, namespace, undefined, { signal }).catch(error => {
        throw isNotFound(error)
          ? errorOf(ERRORS.namespaceMissing, { namespace, server: client.server }, error)
          : error
      })
    })
  }
  await claimProperty(client, PROPERTY_CLUSTER_ID, identity.clusterId, signal)
  await claimProperty(client, PROPERTY_CLUSTERSET, identity.clusterset, signal)
  return {
    supportedFamilies: await explained('ask for the IP families of Services', () =>
      probeFamilies(client, agentNamespace, signal),
    ),
    kept: await serviceImportFields(client, signal),
  }
}

function readKinds(agentNamespace: string, exchangeNamespace: string): [ResourceType, string | undefined][] {
  return [
    [NAMESPACES, undefined],
    [SERVICES, undefined],
    [ENDPOINT_SLICES, undefined],
    [SERVICE_EXPORTS, undefined],
    [SERVICE_IMPORTS, undefined],
    [CLUSTER_PROPERTIES, undefined],
    [IMPORT_POLICIES, undefined],
    [EXPORT_INDEXES, exchangeNamespace],
    [EXPORTED_SERVICES, exchangeNamespace],
    [EXPORTED_ENDPOINTS, exchangeNamespace],
    [LEASES, exchangeNamespace],
    [CONFIG_MAPS, agentNamespace],
  ]
}

/** KEP-2149: a cluster's id does not change while it is a member. Made when it is not there. */
async function claimProperty(
  client: ClusterClient,
  property: string,
  wanted: string,
  signal: AbortSignal,
): Promise<void> {
  await explained(`read or make ClusterProperty ${property}`, async () => {
    try {
      const { spec } = await client.get(CLUSTER_PROPERTIES, property, undefined, { signal })
      if (spec.value !== wanted) throw errorOf(ERRORS.idTaken, { property, existing: spec.value, wanted })
    } catch (error) {
      if (!isNotFound(error)) throw error
      const object = {
        apiVersion: 'about.k8s.io/v1beta1',
        kind: 'ClusterProperty',
        metadata: { name: property },
        spec: { value: wanted },
      }
      await client.create(CLUSTER_PROPERTIES, object, { signal })
    }
  })
}

/** Asks the server what families it would give a Service, without making one: right for every version and set-up. */
export async function probeFamilies(
  client: ClusterClient,
  namespace: string,
  signal: AbortSignal,
): Promise<readonly IPFamily[]> {
  const probe: Service = {
    apiVersion: 'v1',
    kind: 'Service',
    // An admission policy may let the agent make Services of ours alone.
    metadata: { namespace, name: 'isthmus-ip-families', labels: { [LABEL_MANAGED_BY]: MANAGER } },
    spec: { ipFamilyPolicy: 'PreferDualStack', ports: [{ port: 1 }] },
  }
  const { spec } = await client.create(SERVICES, probe, { dryRun: true, signal })
  return spec?.ipFamilies ?? ['IPv4']
}

/** The fields of ServiceImport that this cluster's CRD keeps; all, where it may not be read. */
async function serviceImportFields(client: ClusterClient, signal: AbortSignal): Promise<KeptFields> {
  const name = `${SERVICE_IMPORTS.plural}.${SERVICE_IMPORTS.group}`
  try {
    const { spec } = await client.get(CUSTOM_RESOURCE_DEFINITIONS, name, undefined, { signal })
    const version = spec.versions.find(version => version.name === SERVICE_IMPORTS.version)
    return keptFieldsOf(version?.schema?.openAPIV3Schema as FieldSchema | undefined)
  } catch (error) {
    if (error instanceof ApiError) return keptFieldsOf(undefined)
    throw error
  }
}

async function explained<T>(doing: string, act: () => Promise<T>): Promise<T> {
  try {
    return await act()
  } catch (error) {
    throw explainOwn(error, { doing })
  }
}
