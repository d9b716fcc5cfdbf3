import type { Condition } from '@isthmus/api'
import type { WantedCondition } from '../conditions/conditions.ts'
import type { MemberPhase } from './phase.ts'

/** Condition of a ServiceImport: whether all members that export the service are heard of. */
export const MEMBERS_AVAILABLE = 'isthmus.dev/MembersAvailable'

/** What a member that is lost is to one import. */
export interface LostMember {
  readonly clusterId: string
  readonly phase: Exclude<MemberPhase, 'present'>
  /** Its endpoints do not answer, and stay all the same: they are the last ones. */
  readonly isLast: boolean
  /** When it was last heard of, as RFC 3339; empty where that is not known. */
  readonly since: string
}

type Situation = Exclude<MemberPhase, 'present'> | 'last'

const SITUATIONS: Readonly<Record<Situation, { reason: string; words: string }>> = {
  kept: { reason: 'ControlPlaneLost', words: 'its endpoints stay as they were' },
  last: {
    reason: 'LastEndpointsKept',
    words: 'its endpoints do not answer, and stay because there are no others',
  },
  notReady: { reason: 'EndpointsNotReady', words: 'its endpoints are written as not ready' },
  removed: { reason: 'MemberRemoved', words: 'its endpoints are removed' },
}
/** The reason of the condition is that of the worst. */
const WORST_FIRST: readonly Situation[] = ['removed', 'notReady', 'last', 'kept']

export const ALL_AVAILABLE = 'AllMembersAvailable'

/**
 * The condition that tells of lost members; undefined where none is lost and none was. A sentence per member,
 * which changes only with what the member is to the import: never with time.
 */
export function membersCondition(
  lost: readonly LostMember[],
  before: Condition | undefined,
): WantedCondition | undefined {
  if (lost.length === 0) {
    if (before === undefined) return undefined
    return {
      type: MEMBERS_AVAILABLE,
      status: 'True',
      reason: ALL_AVAILABLE,
      message: 'every member that exports the service is heard of',
    }
  }
  const situations = new Set(lost.map(situationOf))
  const worst = WORST_FIRST.find(situation => situations.has(situation)) ?? 'kept'
  return {
    type: MEMBERS_AVAILABLE,
    status: 'False',
    reason: SITUATIONS[worst].reason,
    message: lost.map(sentenceOf).join('; '),
  }
}

/** One member's transition, for an event. */
export interface MemberTransition {
  readonly clusterId: string
  readonly reason: string
  readonly note: string
  readonly isGood: boolean
}

/** What became of members between two states of the condition. What the stored one says was told already. */
export function memberTransitions(
  lost: readonly LostMember[],
  before: Condition | undefined,
): readonly MemberTransition[] {
  const told = toldOf(before)
  const worse = lost
    .filter(member => told.get(member.clusterId) !== sentenceOf(member))
    .map(member => ({
      clusterId: member.clusterId,
      reason: SITUATIONS[situationOf(member)].reason,
      note: sentenceOf(member),
      isGood: false,
    }))
  const back = [...told.keys()]
    .filter(id => lost.every(({ clusterId }) => clusterId !== id))
    .map(clusterId => ({
      clusterId,
      reason: 'MemberAvailable',
      note: `cluster ${clusterId} is heard of again, or does not export the service any more`,
      isGood: true,
    }))
  return [...worse, ...back]
}

/** The members that a stored condition says are lost. */
export function membersToldLost(before: Condition | undefined): ReadonlySet<string> {
  return new Set(toldOf(before).keys())
}

function toldOf(before: Condition | undefined): ReadonlyMap<string, string> {
  if (before?.status !== 'False') return new Map()
  const sentences = before.message.split('; ')
  return new Map(
    sentences.flatMap(sentence => {
      const clusterId = /^cluster (\S+) has not been heard of/.exec(sentence)?.[1]
      return clusterId === undefined ? [] : [[clusterId, sentence]]
    }),
  )
}

function sentenceOf(member: LostMember): string {
  const since = member.since === '' ? '' : ` since ${member.since}`
  return `cluster ${member.clusterId} has not been heard of${since}: ${SITUATIONS[situationOf(member)].words}`
}

function situationOf({ phase, isLast }: LostMember): Situation {
  return phase === 'notReady' && isLast ? 'last' : phase
}
