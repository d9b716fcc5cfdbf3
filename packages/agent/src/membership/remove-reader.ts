import {
  ANNOTATION_READER_PROFILE,
  type KubernetesObject,
  LABEL_READER,
  type ResourceType,
} from '@isthmus/api'
import { type ClusterClient, isConflict, isNotFound } from '@isthmus/kube'
import { SERVICE_ACCOUNTS } from '../install/resource-types.ts'
import { READER_KINDS, type Reader } from './reader-objects.ts'

type RemovingClient = Pick<ClusterClient, 'get' | 'delete'>

/**
 * Deletes the account of a reader, which ends its tokens, and what belongs to it. What bears the name but is
 * another reader's stays, also that of a cluster that has the same id by now. May be interrupted and repeated:
 * the Secret, which goes last, tells that it has to be.
 */
export async function removeReader(
  client: RemovingClient,
  namespace: string,
  name: string,
  reader: Reader,
  signal?: AbortSignal,
): Promise<void> {
  await remove(client, READER_KINDS, namespace, name, other => isSame(other, reader), signal)
}

/**
 * Deletes what is left of a reader that had the account's name before. Whoever removes that one, at the same time,
 * means objects that are gone then, and none of the new reader's.
 */
export async function removeLeftovers(
  client: RemovingClient,
  namespace: string,
  name: string,
  reader: Reader,
  signal?: AbortSignal,
): Promise<void> {
  const kinds = READER_KINDS.filter(type => type !== SERVICE_ACCOUNTS)
  await remove(client, kinds, namespace, name, other => !isSame(other, reader), signal)
}

/** Whose an object is; undefined where it is no reader's. */
export function readerOf({ metadata }: KubernetesObject): Reader | undefined {
  const clusterId = metadata.labels?.[LABEL_READER]
  if (clusterId === undefined) return undefined
  return { clusterId, profileUID: metadata.annotations?.[ANNOTATION_READER_PROFILE] ?? '' }
}

export function isSame(one: Reader, other: Reader): boolean {
  return one.clusterId === other.clusterId && one.profileUID === other.profileUID
}

async function remove(
  client: RemovingClient,
  kinds: readonly ResourceType[],
  namespace: string,
  name: string,
  isMeant: (reader: Reader) => boolean,
  signal: AbortSignal | undefined,
): Promise<void> {
  for (const type of kinds) {
    try {
      const object = await client.get(type, name, namespace, { signal })
      const reader = readerOf(object)
      if (reader === undefined || !isMeant(reader)) continue
      await client.delete(type, name, namespace, { uid: object.metadata.uid, signal })
    } catch (error) {
      // A conflict: it was made anew meanwhile, for another.
      if (!isNotFound(error) && !isConflict(error)) throw error
    }
  }
}
