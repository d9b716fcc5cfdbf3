import { CONFIG_MAPS, type ConfigMap } from '@isthmus/api'
import { type ClusterClient, isAlreadyExists, isConflict, isNotFound } from '@isthmus/kube'

/** What a link remembers across restarts of the agent, in one ConfigMap per peer in the agent's namespace. */
export interface LinkMemory {
  /** The highest sequence ever seen of the peer: 0 if none. */
  load(clusterId: string, signal?: AbortSignal): Promise<number>
  /** Does nothing where a higher one is remembered: another agent of the cluster may have seen it. */
  save(clusterId: string, sequence: number, signal?: AbortSignal): Promise<void>
}

const KEY = 'highestSequence'
/** The same object holds other things that are known of the peer, which are written at their own times. */
const ATTEMPTS = 5

export function linkMemory(
  client: Pick<ClusterClient, 'get' | 'patch' | 'create'>,
  namespace: string,
): LinkMemory {
  const nameOf = (clusterId: string) => `link-${clusterId}`
  const read = async (clusterId: string, signal: AbortSignal | undefined) => {
    try {
      return await client.get<ConfigMap>(CONFIG_MAPS, nameOf(clusterId), namespace, { signal })
    } catch (error) {
      if (isNotFound(error)) return undefined
      throw error
    }
  }
  const raise = async (clusterId: string, sequence: number, signal: AbortSignal | undefined) => {
    const stored = await read(clusterId, signal)
    if (sequenceIn(stored) >= sequence) return
    const name = nameOf(clusterId)
    const data = { [KEY]: String(sequence) }
    if (stored === undefined) {
      const memory: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data }
      await client.create(CONFIG_MAPS, memory, { signal })
      return
    }
    const { resourceVersion } = stored.metadata
    const patch = { metadata: { resourceVersion }, data }
    await client.patch<ConfigMap>(CONFIG_MAPS, name, namespace, patch, { signal })
  }
  return {
    async load(clusterId, signal) {
      return sequenceIn(await read(clusterId, signal))
    },
    async save(clusterId, sequence, signal) {
      for (let attempt = 1; ; attempt++) {
        try {
          return await raise(clusterId, sequence, signal)
        } catch (error) {
          if (!isChangedMeanwhile(error) || attempt === ATTEMPTS) throw error
        }
      }
    },
  }
}

/** What is remembered of a peer that has left. What somebody else made of its id meanwhile stays. */
export async function forgetLink(
  client: Pick<ClusterClient, 'get' | 'delete'>,
  namespace: string,
  clusterId: string,
  signal: AbortSignal,
): Promise<void> {
  const name = `link-${clusterId}`
  try {
    const { uid } = (await client.get<ConfigMap>(CONFIG_MAPS, name, namespace, { signal })).metadata
    await client.delete(CONFIG_MAPS, name, namespace, { uid, signal })
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error
  }
}

function isChangedMeanwhile(error: unknown): boolean {
  return isConflict(error) || isAlreadyExists(error) || isNotFound(error)
}

function sequenceIn(memory: ConfigMap | undefined): number {
  const sequence = Number(memory?.data?.[KEY])
  return Number.isSafeInteger(sequence) ? sequence : 0
}
