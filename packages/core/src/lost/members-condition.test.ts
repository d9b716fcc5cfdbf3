import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Condition } from '@isthmus/api'
import { type LostMember, membersCondition, membersToldLost, memberTransitions } from './members-condition.ts'

const east: LostMember = { clusterId: 'east', phase: 'kept', isLast: false, since: '2026-11-22T08:00:00Z' }
const stored = (lost: LostMember[], before?: Condition): Condition | undefined => {
  const condition = membersCondition(lost, before)
  return condition === undefined ? undefined : { ...condition, lastTransitionTime: '2026-11-22T08:00:40Z' }
}

describe('the condition of lost members', () => {
  it('is not there before one is lost, and is True once all are back', () => {
    assert.equal(membersCondition([], undefined), undefined)
    const lost = stored([east])
    assert.equal(lost?.status, 'False')
    assert.equal(
      lost?.message,
      'cluster east has not been heard of since 2026-11-22T08:00:00Z: its endpoints stay as they were',
    )
    assert.equal(membersCondition([], lost)?.status, 'True')
  })

  it('has the reason of the worst', () => {
    const west: LostMember = { ...east, clusterId: 'west', phase: 'notReady' }
    assert.equal(membersCondition([east, west], undefined)?.reason, 'EndpointsNotReady')
    assert.equal(membersCondition([east, { ...west, isLast: true }], undefined)?.reason, 'LastEndpointsKept')
    assert.equal(membersCondition([{ ...east, phase: 'removed' }, west], undefined)?.reason, 'MemberRemoved')
  })

  it('tells transitions once, also to another process', () => {
    const lost = stored([east])
    assert.deepEqual(
      memberTransitions([east], undefined).map(({ reason }) => reason),
      ['ControlPlaneLost'],
    )
    assert.deepEqual(memberTransitions([east], lost), [])
    assert.deepEqual(
      memberTransitions([{ ...east, phase: 'removed' }], lost).map(({ reason }) => reason),
      ['MemberRemoved'],
    )
    assert.deepEqual(
      memberTransitions([], lost).map(({ reason, isGood }) => [reason, isGood]),
      [['MemberAvailable', true]],
    )
    assert.deepEqual(memberTransitions([], stored([], lost)), [])
  })

  it('remembers who was lost', () => {
    const west: LostMember = { ...east, clusterId: 'west', since: '' }
    assert.deepEqual([...membersToldLost(stored([east, west]))], ['east', 'west'])
    assert.deepEqual([...membersToldLost(undefined)], [])
  })
})
