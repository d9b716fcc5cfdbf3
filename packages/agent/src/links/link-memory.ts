import type { ConfigMap } from '@isthmus/api'
import type { ClusterClient } from '@isthmus/kube'
import { readLinkObject, writeLinkObject } from './link-object.ts'

/** What a link remembers across restarts of the agent, in one ConfigMap per peer in the agent's namespace. */
export interface LinkMemory {
  /** The highest sequence ever seen of the peer: 0 if none. */
  load(clusterId: string, signal?: AbortSignal): Promise<number>
  /** Does nothing where a higher one is remembered: another agent of the cluster may have seen it. */
  save(clusterId: string, sequence: number, signal?: AbortSignal): Promise<void>
}

const KEY = 'highestSequence'

export function linkMemory(
  client: Pick<ClusterClient, 'get' | 'patch' | 'create'>,
  namespace: string,
): LinkMemory {
  return {
    async load(clusterId, signal) {
      return sequenceIn(await readLinkObject(client, namespace, clusterId, signal))
    },
    save(clusterId, sequence, signal) {
      const dataFor = (stored: ConfigMap | undefined) =>
        sequenceIn(stored) >= sequence ? undefined : { [KEY]: String(sequence) }
      return writeLinkObject(client, namespace, clusterId, dataFor, signal)
    },
  }
}

function sequenceIn(memory: ConfigMap | undefined): number {
  const sequence = Number(memory?.data?.[KEY])
  return Number.isSafeInteger(sequence) ? sequence : 0
}
