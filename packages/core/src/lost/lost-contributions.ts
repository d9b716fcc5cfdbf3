import type { Contribution } from '../member/contribution.ts'
import type { MemberPhase } from './phase.ts'

const ABSENT: Contribution = { kind: 'absent' }

/** What members contribute once the policy for lost ones is done: who is removed contributes nothing. */
export function withoutRemoved(
  contributions: ReadonlyMap<string, Contribution>,
  phaseOfMember: (clusterId: string) => MemberPhase | undefined,
): ReadonlyMap<string, Contribution> {
  const removed = [...contributions.keys()].filter(id => phaseOfMember(id) === 'removed')
  if (removed.length === 0) return contributions
  return new Map([...contributions, ...removed.map(id => [id, ABSENT] as const)])
}
