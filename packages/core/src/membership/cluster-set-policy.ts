/** The ClusterSet's policy for lost members, as the registry and a member's copy have it. */
import { type ConfigMap, LOST_MEMBER_POLICY_KEY } from '@isthmus/api'
import type { LostMemberRules } from '../lost/policy.ts'
import { parseLostMemberRules } from '../lost/policy-text.ts'

export interface StatedPolicy {
  /** As an administrator wrote it. */
  readonly text: string
  readonly rules: LostMemberRules
}

/** What an object says; undefined where it says nothing, or is not there. */
export type ClusterSetPolicy = StatedPolicy | { readonly mistake: string } | undefined

export function readClusterSetPolicy(object: Pick<ConfigMap, 'data'> | undefined): ClusterSetPolicy {
  const text: unknown = object?.data?.[LOST_MEMBER_POLICY_KEY]
  if (text === undefined) return undefined
  if (typeof text !== 'string') return { mistake: 'it is no text' }
  const parsed = parseLostMemberRules(text)
  return 'mistake' in parsed ? parsed : { text, rules: parsed.rules }
}

export interface PolicyCopyFacts {
  /** What the registry says; undefined also while it cannot be read. */
  readonly registry: ClusterSetPolicy
  /** What holds in this member. */
  readonly held: StatedPolicy | undefined
  /** What its copy says now. */
  readonly stored: ClusterSetPolicy
}

/**
 * What a member's copy is to say; undefined where it says it. Only a text that can be read changes what holds: a
 * registry that is gone, restored, emptied or mistaken leaves it, and so does whoever deletes or breaks the copy.
 */
export function policyToStore({ registry, held, stored }: PolicyCopyFacts): string | undefined {
  const wanted = isStated(registry) ? registry.text : held?.text
  return isStated(stored) && stored.text === wanted ? undefined : wanted
}

export function isStated(policy: ClusterSetPolicy): policy is StatedPolicy {
  return policy !== undefined && 'rules' in policy
}
