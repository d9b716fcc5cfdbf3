import { CONFIG_MAPS } from '@isthmus/api'
import type { LinkMemory } from '@isthmus/core'
import type { ClusterClient } from '@isthmus/kube'

const LINK_PREFIX = 'link-'

/** What an agent remembers of its links, in its namespace. */
export async function linksOf(client: ClusterClient, namespace: string): Promise<readonly LinkMemory[]> {
  const { items } = await client.list(CONFIG_MAPS, { namespace })
  return items.flatMap(({ metadata: { name = '' }, data = {} }) => {
    if (!name.startsWith(LINK_PREFIX)) return []
    const { highestSequence, state, reason, since } = data
    const sequence = Number(highestSequence)
    return [
      {
        clusterId: name.slice(LINK_PREFIX.length),
        highestSequence: Number.isSafeInteger(sequence) ? sequence : 0,
        ...(state === undefined ? {} : { state }),
        ...(reason === undefined || reason === '' ? {} : { reason }),
        ...(since === undefined ? {} : { since }),
      },
    ]
  })
}
