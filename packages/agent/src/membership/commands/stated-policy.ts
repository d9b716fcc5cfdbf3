import { CONFIG_MAPS, LOST_MEMBER_POLICY_NAME } from '@isthmus/api'
import {
  DEFAULT_LOST_MEMBER_POLICY,
  formatLostMemberPolicy,
  isStated,
  readClusterSetPolicy,
  withRules,
} from '@isthmus/core'
import { type ClusterClient, isForbidden, isNotFound } from '@isthmus/kube'

/** The ClusterSet's policy for lost members: whole, as text, or why it cannot be read. */
export type PolicySaid = { readonly policy: string } | { readonly mistake: string }

/**
 * As the registry has it, or a member's copy.
 *
 * @returns undefined where there is none, or whoever asks may not know
 */
export async function policySaid(
  client: ClusterClient,
  namespace: string,
  signal?: AbortSignal,
): Promise<PolicySaid | undefined> {
  const found = await client
    .get(CONFIG_MAPS, LOST_MEMBER_POLICY_NAME, namespace, { signal })
    .catch((error: unknown) => {
      if (isNotFound(error) || isForbidden(error)) return undefined
      throw error
    })
  const said = readClusterSetPolicy(found)
  if (!isStated(said)) return said
  return { policy: formatLostMemberPolicy(withRules(DEFAULT_LOST_MEMBER_POLICY, said.rules)) }
}
