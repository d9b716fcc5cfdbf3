/** Where Isthmus lies in a cluster: the cluster remembers it, so that nobody has to say it again. */
import { AGENT_NAMESPACE, EXCHANGE_NAMESPACE } from '@isthmus/api'
import { isDNSLabel } from '@isthmus/core'
import { type ClusterClient, isForbidden } from '@isthmus/kube'
import { absentIfNotFound } from './apply-objects.ts'
import { AGENT_NAME, ANNOTATION_AGENT_NAMESPACE, ANNOTATION_EXCHANGE_NAMESPACE } from './objects.ts'
import { CLUSTER_ROLES } from './resource-types.ts'

export interface Namespaces {
  /** Of the agent, with its membership, its links and its leader Lease. */
  readonly agentNamespace: string
  /** In which it publishes. */
  readonly exchangeNamespace: string
}

/** What somebody said; it wins. */
export type GivenNamespaces = { readonly [Key in keyof Namespaces]?: Namespaces[Key] | undefined }

/**
 * What was given, else what the installation noted on the agent's ClusterRole, else the usual names: also for
 * somebody who may not read ClusterRoles.
 *
 * @throws the client's errors, where the server cannot be asked
 */
export async function installedNamespaces(
  client: Pick<ClusterClient, 'get'>,
  given: GivenNamespaces = {},
  signal?: AbortSignal,
): Promise<Namespaces> {
  const { agentNamespace, exchangeNamespace } = given
  if (agentNamespace !== undefined && exchangeNamespace !== undefined)
    return { agentNamespace, exchangeNamespace }
  const noted = await notedNamespaces(client, signal)
  return {
    agentNamespace: agentNamespace ?? noted.agentNamespace ?? AGENT_NAMESPACE,
    exchangeNamespace: exchangeNamespace ?? noted.exchangeNamespace ?? EXCHANGE_NAMESPACE,
  }
}

async function notedNamespaces(
  client: Pick<ClusterClient, 'get'>,
  signal: AbortSignal | undefined,
): Promise<GivenNamespaces> {
  try {
    const role = await client.get(CLUSTER_ROLES, AGENT_NAME, undefined, { signal }).catch(absentIfNotFound)
    const { annotations = {} } = role?.metadata ?? {}
    // They become part of commands to paste.
    const noted = (key: string) => (isDNSLabel(annotations[key]) ? annotations[key] : undefined)
    return {
      agentNamespace: noted(ANNOTATION_AGENT_NAMESPACE),
      exchangeNamespace: noted(ANNOTATION_EXCHANGE_NAMESPACE),
    }
  } catch (error) {
    if (isForbidden(error)) return {}
    throw error
  }
}
