import { CONFIG_MAPS, type ConfigMap } from '@isthmus/api'
import { type ClusterClient, isNotFound } from '@isthmus/kube'

/** What a link remembers across restarts of the agent, in one ConfigMap per peer in the agent's namespace. */
export interface LinkMemory {
  /** The highest sequence ever seen of the peer: 0 if none. */
  load(clusterId: string, signal?: AbortSignal): Promise<number>
  save(clusterId: string, sequence: number, signal?: AbortSignal): Promise<void>
}

const KEY = 'highestSequence'

export function linkMemory(
  client: Pick<ClusterClient, 'get' | 'patch' | 'create'>,
  namespace: string,
): LinkMemory {
  const nameOf = (clusterId: string) => `link-${clusterId}`
  return {
    async load(clusterId, signal) {
      try {
        const { data } = await client.get<ConfigMap>(CONFIG_MAPS, nameOf(clusterId), namespace, { signal })
        const sequence = Number(data?.[KEY])
        return Number.isSafeInteger(sequence) ? sequence : 0
      } catch (error) {
        if (isNotFound(error)) return 0
        throw error
      }
    },
    async save(clusterId, sequence, signal) {
      const data = { [KEY]: String(sequence) }
      try {
        await client.patch<ConfigMap>(CONFIG_MAPS, nameOf(clusterId), namespace, { data }, { signal })
      } catch (error) {
        if (!isNotFound(error)) throw error
        const metadata = { namespace, name: nameOf(clusterId) }
        const memory: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data }
        await client.create(CONFIG_MAPS, memory, { signal })
      }
    },
  }
}
