import { ANNOTATION_READER_PROFILE, LABEL_READER } from '@isthmus/api'
import { type ClusterClient, isConflict, isNotFound } from '@isthmus/kube'
import { READER_KINDS, type Reader } from './reader-objects.ts'

/**
 * Deletes the account of a reader, which ends its tokens, and what belongs to it. What bears the name but is
 * another reader's stays, also that of a cluster that has the same id by now. May be interrupted and repeated: the Secret, which goes last, tells that it has to be.
 */
export async function removeReader(
  client: Pick<ClusterClient, 'get' | 'delete'>,
  namespace: string,
  name: string,
  { clusterId, profileUID }: Reader,
  signal?: AbortSignal,
): Promise<void> {
  for (const type of READER_KINDS) {
    try {
      const { metadata } = await client.get(type, name, namespace, { signal })
      const uid = metadata.annotations?.[ANNOTATION_READER_PROFILE] ?? ''
      if (metadata.labels?.[LABEL_READER] !== clusterId || uid !== profileUID) continue
      await client.delete(type, name, namespace, { uid: metadata.uid, signal })
    } catch (error) {
      // A conflict: it was made anew meanwhile, for another.
      if (!isNotFound(error) && !isConflict(error)) throw error
    }
  }
}
