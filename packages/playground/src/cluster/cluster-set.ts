import { accessOf, initRegistry } from '@isthmus/agent'
import { connect } from '@isthmus/kube'
import type { Cluster } from './cluster.ts'

/** As a person does: init in the first cluster, and a join of each. Their agents do the rest. */
export async function formClusterSet(
  clusters: readonly Cluster[],
  clusterset: string,
  joined: (cluster: Cluster) => void,
): Promise<void> {
  const [keeper] = clusters
  if (keeper === undefined) return
  const registry = connect(keeper.admin)
  try {
    await initRegistry({ client: registry, clusterset })
    const registryAccess = await accessOf(keeper.admin)
    for (const cluster of clusters) {
      await cluster.join({ registry, registryAccess, clusterset })
      joined(cluster)
    }
  } finally {
    await registry.close()
  }
}
