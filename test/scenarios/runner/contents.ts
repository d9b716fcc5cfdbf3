/** All that clusters have, to compare two sets of them. */
import {
  ANNOTATION_CHANGED_AT,
  ENDPOINT_SLICES,
  EXCHANGE_NAMESPACE,
  EXPORTED_ENDPOINTS,
  EXPORTED_SERVICES,
  type IPFamily,
  type KubernetesObject,
  LABEL_DERIVED_FOR,
  LABEL_MANAGED_BY,
  LABEL_SLICE_MANAGED_BY,
  MANAGER,
  type ResourceType,
  SERVICE_EXPORTS,
  SERVICE_IMPORTS,
  SERVICES,
  type Service,
  type ServiceImport,
} from '@isthmus/api'
import { NAMESPACE } from './changes.ts'
import type { Clusters } from './clusters.ts'

/** What agents and users write in a namespace. */
export const OWN_KINDS: readonly ResourceType[] = [
  SERVICES,
  ENDPOINT_SLICES,
  SERVICE_IMPORTS,
  SERVICE_EXPORTS,
]

/** All objects of a cluster, without what tells when and in what order they were written. */
export async function contents(clusters: Clusters, id: string): Promise<Record<string, unknown>> {
  const all: Record<string, unknown> = {}
  for (const type of OWN_KINDS) {
    for (const object of await clusters.list(id, type, NAMESPACE)) {
      all[`${type.kind} ${object.metadata.name}`] = timeless(object)
    }
  }
  for (const type of [EXPORTED_SERVICES, EXPORTED_ENDPOINTS] as ResourceType[]) {
    for (const object of await clusters.list(id, type, EXCHANGE_NAMESPACE)) {
      all[`${type.kind} ${object.metadata.name}`] = timeless(object)
    }
  }
  return all
}

const WHEN = new Set([
  ...['uid', 'resourceVersion', 'generation', 'creationTimestamp', 'managedFields', 'lastTransitionTime'],
  ANNOTATION_CHANGED_AT,
  // Which address is allocated depends on what others were taken before.
  ...['observedGeneration', 'ips', 'clusterIP', 'clusterIPs', 'exportedAt', 'ownerReferences'],
])

function timeless(object: unknown): unknown {
  return JSON.parse(
    JSON.stringify(object, (key, value) => (WHEN.has(key) || isEmptyMap(value) ? undefined : value)),
  )
}

/** Annotations of which only those that tell when were there. */
function isEmptyMap(value: unknown): boolean {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false
  return Object.keys(value).every(key => WHEN.has(key))
}

export function isOurs({ metadata }: KubernetesObject): boolean {
  return (
    metadata.labels?.[LABEL_MANAGED_BY] === MANAGER || metadata.labels?.[LABEL_SLICE_MANAGED_BY] === MANAGER
  )
}

/** The derived Service of each cluster that has one. */
export async function derivedServices(
  clusters: Clusters,
  ids: readonly string[],
): Promise<ReadonlyMap<string, Service>> {
  const found = new Map<string, Service>()
  for (const id of ids) {
    const services = (await clusters.list(id, SERVICES, NAMESPACE)) as readonly Service[]
    const derived = services.find(isOurs)
    if (derived !== undefined) found.set(id, derived)
  }
  return found
}

/** The first families of the derived Services: the one thing of the past that an import may depend on. */
export async function firstFamilies(
  clusters: Clusters,
  ids: readonly string[],
): Promise<Readonly<Record<string, IPFamily | undefined>>> {
  const derived = await derivedServices(clusters, ids)
  return Object.fromEntries(ids.map(id => [id, derived.get(id)?.spec?.ipFamilies?.[0]]))
}

/** What each cluster imports, the order of families aside. */
export async function importedFamilySets(
  clusters: Clusters,
  ids: readonly string[],
): Promise<readonly string[]> {
  return Promise.all(
    ids.map(async id => {
      const imports = (await clusters.list(id, SERVICE_IMPORTS, NAMESPACE)) as readonly ServiceImport[]
      return imports.map(({ spec }) => spec.ipFamilies?.toSorted().join(', ')).join('; ')
    }),
  )
}

/** A derived Service made with a family, with nothing else as it should be. */
export async function makeDerivedService(
  clusters: Clusters,
  id: string,
  name: string,
  family: IPFamily,
): Promise<void> {
  const labels = { [LABEL_MANAGED_BY]: MANAGER, [LABEL_DERIVED_FOR]: 'hello' }
  const spec = { ipFamilies: [family], ports: [{ port: 1 }] }
  const service = { kind: 'Service', metadata: { namespace: NAMESPACE, name, labels }, spec }
  await clusters.create(id, service as unknown as KubernetesObject)
}

/** The users' objects of one set of clusters made in another, oldest ServiceExport first. */
export async function copyUsersObjects(from: Clusters, to: Clusters, ids: readonly string[]): Promise<void> {
  const objects: { id: string; object: KubernetesObject }[] = []
  for (const id of ids) {
    for (const type of [SERVICES, ENDPOINT_SLICES, SERVICE_EXPORTS] as ResourceType[]) {
      for (const object of await from.list(id, type, NAMESPACE)) {
        if (!isOurs(object)) objects.push({ id, object: { ...object, kind: type.kind } })
      }
    }
  }
  objects.sort((a, b) =>
    (a.object.metadata.creationTimestamp ?? '') < (b.object.metadata.creationTimestamp ?? '') ? -1 : 1,
  )
  for (const { id, object } of objects) {
    await to.clock(1)
    await to.create(id, asWritten(object))
  }
}

/** An object as a user would write it: addresses are allocated anew. */
function asWritten(object: KubernetesObject): KubernetesObject {
  const { status: _, apiVersion: __, metadata, ...rest } = object as KubernetesObject & { status?: unknown }
  const { namespace, name, labels } = metadata
  return JSON.parse(
    JSON.stringify({ ...rest, metadata: { namespace, name, ...(labels && { labels }) } }, (key, value) => {
      const isAllocated =
        (key === 'clusterIP' && value !== 'None') || (key === 'clusterIPs' && value[0] !== 'None')
      return isAllocated ? undefined : value
    }),
  )
}
