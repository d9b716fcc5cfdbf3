import { CLUSTER_MANAGER, CLUSTER_PROFILES, type ClusterProfile, LABEL_CLUSTER_MANAGER } from '@isthmus/api'
import type { ClusterClient } from '@isthmus/kube'

/** Of a registry that is kept there: what members say of themselves. */
export async function profilesIn(client: ClusterClient): Promise<readonly ClusterProfile[]> {
  const labelSelector = `${LABEL_CLUSTER_MANAGER}=${CLUSTER_MANAGER}`
  const list = await client.list(CLUSTER_PROFILES, { labelSelector }).catch(() => undefined)
  return list?.items ?? []
}
