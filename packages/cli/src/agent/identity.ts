import { explainOwn } from '@isthmus/agent'
import { CLUSTER_PROPERTIES, errorOf, PROPERTY_CLUSTER_ID, PROPERTY_CLUSTERSET } from '@isthmus/api'
import { type ClusterClient, isNotFound } from '@isthmus/kube'
import { ERRORS } from '../errors.ts'
import type { AgentSettings } from './settings.ts'

export interface Identity {
  readonly clusterId: string
  readonly clusterset: string
}

/** Who the cluster is: as was given, or, once it has joined, as its ClusterProperties say. */
export async function identityOf(
  client: ClusterClient,
  { clusterId, clusterset }: Pick<AgentSettings, 'clusterId' | 'clusterset'>,
): Promise<Identity> {
  return {
    clusterId: clusterId ?? (await property(client, PROPERTY_CLUSTER_ID)),
    clusterset: clusterset ?? (await property(client, PROPERTY_CLUSTERSET)),
  }
}

async function property(client: ClusterClient, name: string): Promise<string> {
  try {
    const { spec } = await client.get(CLUSTER_PROPERTIES, name)
    return spec.value
  } catch (error) {
    if (isNotFound(error))
      throw errorOf(ERRORS.identityUnknown, { property: name, server: client.server }, error)
    throw explainOwn(error, { doing: `read ClusterProperty ${name}` })
  }
}
