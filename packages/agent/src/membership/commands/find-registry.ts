import {
  CLUSTER_PROFILES,
  type ClusterProfile,
  CONFIG_MAPS,
  DEPARTED_NAME,
  errorOf,
  LABEL_CLUSTERSET,
  NAMESPACES,
} from '@isthmus/api'
import { chooseRegistry, type RegisteredMember, type RegistryChoice, readProfile } from '@isthmus/core'
import { type ClusterClient, isKindMissing } from '@isthmus/kube'
import { absentIfNotFound } from '../../install/apply-objects.ts'
import { ANNOTATION_CLUSTER_UID } from '../registry-objects.ts'
import { ERRORS } from './errors.ts'

/**
 * @param clusterset needed only where one API server keeps several
 * @throws IsthmusError ISTHMUS_REGISTRY_NOT_FOUND, or the client's errors
 */
export async function findRegistry(
  client: ClusterClient,
  clusterset: string | undefined,
  signal?: AbortSignal,
): Promise<RegistryChoice> {
  const { items } = await client.list(NAMESPACES, { labelSelector: LABEL_CLUSTERSET, signal })
  const choice = chooseRegistry(items, clusterset)
  if ('namespace' in choice) return choice
  const { message: reason, remedy } = choice
  throw errorOf(ERRORS.registryNotFound, { server: client.server, reason, remedy })
}

export async function listProfiles(
  client: ClusterClient,
  namespace: string,
  signal?: AbortSignal,
): Promise<readonly ClusterProfile[]> {
  try {
    return (await client.list(CLUSTER_PROFILES, { namespace, signal })).items
  } catch (error) {
    if (isKindMissing(error)) return []
    throw error
  }
}

export function registeredMember(profile: ClusterProfile): RegisteredMember {
  return {
    ...readProfile(profile),
    profileUID: profile.metadata.uid ?? '',
    registeredUID: profile.metadata.annotations?.[ANNOTATION_CLUSTER_UID],
  }
}

/** Of members that have left: see `departedKey`. */
export async function departedKeys(
  registry: ClusterClient,
  namespace: string,
  signal?: AbortSignal,
): Promise<ReadonlySet<string>> {
  const found = await registry.get(CONFIG_MAPS, DEPARTED_NAME, namespace, { signal }).catch(absentIfNotFound)
  return new Set(Object.keys(found?.data ?? {}))
}
