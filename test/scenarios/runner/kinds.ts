import {
  apiVersionOf,
  CLUSTER_PROPERTIES,
  CONFIG_MAPS,
  CUSTOM_RESOURCE_DEFINITIONS,
  ENDPOINT_SLICES,
  EVENTS,
  EXPORT_INDEXES,
  EXPORTED_ENDPOINTS,
  EXPORTED_SERVICES,
  IMPORT_POLICIES,
  type KubernetesObject,
  NAMESPACES,
  type ResourceType,
  SERVICE_EXPORTS,
  SERVICE_IMPORTS,
  SERVICES,
} from '@isthmus/api'
import type { Partial } from './scenario.ts'

/** The kinds that scenarios speak of. */
export const KINDS: readonly ResourceType[] = [
  NAMESPACES,
  SERVICES,
  ENDPOINT_SLICES,
  CONFIG_MAPS,
  EVENTS,
  SERVICE_EXPORTS,
  SERVICE_IMPORTS,
  EXPORT_INDEXES,
  EXPORTED_SERVICES,
  EXPORTED_ENDPOINTS,
  IMPORT_POLICIES,
  CLUSTER_PROPERTIES,
  CUSTOM_RESOURCE_DEFINITIONS,
]

const BY_KIND = new Map(KINDS.map(type => [type.kind, type]))

/** Kinds that a scenario's silence is judged by: all that an agent writes. */
export const WRITTEN_KINDS: readonly ResourceType[] = [
  SERVICES,
  ENDPOINT_SLICES,
  SERVICE_EXPORTS,
  SERVICE_IMPORTS,
]

/** Where an object of a scenario is served: in the version that it says, else in the usual one. */
export function typeOf({ kind, apiVersion }: Pick<Partial, 'kind' | 'apiVersion'>): ResourceType {
  const type = BY_KIND.get(kind)
  if (type === undefined) throw new Error(`no scenario knows the kind ${kind}`)
  return apiVersion === undefined ? type : { ...type, version: apiVersion.split('/').at(-1) ?? '' }
}

/** The object that a partial one stands for, in the scenario's namespace unless it says another. */
export function objectOf(
  { absent: _, subresource: __, ...partial }: Partial,
  namespace: string,
): KubernetesObject {
  const type = typeOf(partial)
  const metadata = { name: 'hello', ...(type.namespaced ? { namespace } : {}), ...partial.metadata }
  return { ...partial, apiVersion: apiVersionOf(type), metadata }
}
