import { CONFIG_MAPS, type ConfigMap } from '@isthmus/api'
import { type ClusterClient, isAlreadyExists, isConflict, isNotFound } from '@isthmus/kube'

/** Several parts of an agent keep what they know of a link in one object, each at its own times. */
const ATTEMPTS = 5

type LinkData = Readonly<Record<string, string>>

/** The ConfigMap `link-<cluster id>` of the agent's namespace; undefined where there is none. */
export async function readLinkObject(
  client: Pick<ClusterClient, 'get'>,
  namespace: string,
  clusterId: string,
  signal?: AbortSignal,
): Promise<ConfigMap | undefined> {
  try {
    return await client.get<ConfigMap>(CONFIG_MAPS, nameOf(clusterId), namespace, { signal })
  } catch (error) {
    if (isNotFound(error)) return undefined
    throw error
  }
}

/**
 * Writes what is to be known of a link over what is there, and again if somebody else wrote meanwhile.
 *
 * @param dataFor undefined: nothing is to be written
 */
export async function writeLinkObject(
  client: Pick<ClusterClient, 'get' | 'patch' | 'create'>,
  namespace: string,
  clusterId: string,
  dataFor: (stored: ConfigMap | undefined) => LinkData | undefined,
  signal?: AbortSignal,
): Promise<void> {
  for (let attempt = 1; ; attempt++) {
    try {
      const stored = await readLinkObject(client, namespace, clusterId, signal)
      const data = dataFor(stored)
      if (data === undefined) return
      return await write(client, namespace, clusterId, stored, data, signal)
    } catch (error) {
      const isChangedMeanwhile = isConflict(error) || isAlreadyExists(error) || isNotFound(error)
      if (!isChangedMeanwhile || attempt === ATTEMPTS) throw error
    }
  }
}

async function write(
  client: Pick<ClusterClient, 'patch' | 'create'>,
  namespace: string,
  clusterId: string,
  stored: ConfigMap | undefined,
  data: LinkData,
  signal: AbortSignal | undefined,
): Promise<void> {
  const name = nameOf(clusterId)
  if (stored === undefined) {
    const made: ConfigMap = { apiVersion: 'v1', kind: 'ConfigMap', metadata: { namespace, name }, data }
    await client.create(CONFIG_MAPS, made, { signal })
    return
  }
  const { resourceVersion } = stored.metadata
  const patch = { metadata: { resourceVersion }, data }
  await client.patch<ConfigMap>(CONFIG_MAPS, name, namespace, patch, { signal })
}

/** What is remembered of a peer that has left. What somebody else made of its id meanwhile stays. */
export async function forgetLink(
  client: Pick<ClusterClient, 'get' | 'delete'>,
  namespace: string,
  clusterId: string,
  signal: AbortSignal,
): Promise<void> {
  try {
    const stored = await readLinkObject(client, namespace, clusterId, signal)
    if (stored === undefined) return
    await client.delete(CONFIG_MAPS, nameOf(clusterId), namespace, { uid: stored.metadata.uid, signal })
  } catch (error) {
    if (!isNotFound(error) && !isConflict(error)) throw error
  }
}

function nameOf(clusterId: string): string {
  return `link-${clusterId}`
}
