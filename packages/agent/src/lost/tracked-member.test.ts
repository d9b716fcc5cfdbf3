import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import {
  DEFAULT_LOST_MEMBER_POLICY,
  type LostMemberPolicy,
  type MemberSilence,
  PRESENT_MEMBER,
} from '@isthmus/core'
import type { LinkRecord } from './link-record.ts'
import { TrackedMember } from './tracked-member.ts'

const START = Date.parse('2026-11-22T08:00:00Z')
const HOUR = 3_600_000
const POLICIES: readonly LostMemberPolicy[] = [DEFAULT_LOST_MEMBER_POLICY]
const STRICT: LostMemberPolicy = { ...DEFAULT_LOST_MEMBER_POLICY, gone: { action: 'remove', after: HOUR } }

const silence = (silentMs: number): MemberSilence => ({
  ...PRESENT_MEMBER,
  unheard: { silentMs, heardMs: 0 },
  controlPlane: { silentMs, heardMs: 0 },
  apiServer: { silentMs, heardMs: 0 },
})

const LOST: LinkRecord = {
  state: 'lost',
  reason: 'its API server refuses connections',
  since: '2026-11-22T07:00:00Z',
  phase: 'kept',
  services: 3,
  controlPlaneSeconds: 3000,
  endpointsSeconds: 0,
  apiServerSeconds: 2990,
}

function lostFor(
  member: TrackedMember,
  ms: number,
  now: number,
  policies = POLICIES,
): LinkRecord | undefined {
  member.observe(silence(ms), START, policies, now)
  member.enter({ state: 'lost', reason: 'why' }, now)
  return member.toSave(3, policies, now)
}

function save(member: TrackedMember, record: LinkRecord | undefined, now: number): LinkRecord {
  assert.ok(record)
  member.saved(record, member.silence, now)
  return record
}

describe('what is remembered of a member', () => {
  it('is why, also where that alone is another: not sooner than in a minute', () => {
    const member = new TrackedMember('east', undefined, START)
    member.observe(silence(100_000), START, POLICIES, START)
    member.enter({ state: 'lost', reason: 'its API server refuses connections' }, START)
    save(member, member.toSave(3, POLICIES, START), START)
    member.enter({ state: 'lost', reason: 'its API server does not accept our credentials' }, START + 20_000)
    assert.equal(member.toSave(3, POLICIES, START + 59_000), undefined)
    const record = save(member, member.toSave(3, POLICIES, START + 60_000), START + 60_000)
    assert.equal(record.reason, 'its API server does not accept our credentials')
    assert.equal(record.since, new Date(START).toISOString().replace('.000', ''))
    assert.equal(member.toSave(3, POLICIES, START + 180_000), undefined)
  })

  it('is what the policy makes of it, also where that alone is another', () => {
    const member = new TrackedMember('east', undefined, START)
    save(member, lostFor(member, HOUR, START), START)
    assert.equal(member.toSave(3, POLICIES, START + 120_000), undefined)
    assert.equal(member.toSave(3, [STRICT], START + 120_000)?.phase, 'removed')
  })

  it('is its state, once that has lasted', () => {
    const member = new TrackedMember('east', undefined, START)
    member.enter({ state: 'connecting' }, START)
    assert.equal(member.toSave(3, POLICIES, START + 60_000), undefined)
    member.enter({ state: 'connected' }, START + 60_000)
    assert.equal(member.toSave(3, POLICIES, START + 70_000), undefined)
    const record = save(member, member.toSave(3, POLICIES, START + 75_000), START + 75_000)
    assert.equal(record.state, 'connected')
    assert.equal(record.since, '2026-11-22T08:01:00Z')
    assert.equal(member.toSave(3, POLICIES, START + 30 * HOUR), undefined)
  })

  it('is why it does not connect, once that has lasted', () => {
    const member = new TrackedMember('east', { ...LOST, state: 'connected', phase: 'present' }, START)
    const reason = 'its API server does not accept our token any more (401)'
    member.enter({ state: 'connecting', reason }, START)
    assert.equal(member.toSave(3, POLICIES, START + 14_000), undefined)
    const record = save(member, member.toSave(3, POLICIES, START + 15_000), START + 15_000)
    assert.deepEqual([record.state, record.reason, record.phase], ['connecting', reason, 'present'])
    member.enter({ state: 'connected' }, START + 16_000)
    assert.equal(save(member, member.toSave(3, POLICIES, START + 31_000), START).state, 'connected')
  })

  it('is at once what something was done about, and then hourly for how long', () => {
    const member = new TrackedMember('east', undefined, START)
    assert.equal(lostFor(member, 30_000, START + 30_000), undefined)
    const record = save(member, lostFor(member, 40_000, START + 40_000), START + 40_000)
    assert.deepEqual(
      [record.phase, record.since, record.apiServerSeconds],
      ['kept', '2026-11-22T08:00:00Z', 40],
    )
    assert.equal(lostFor(member, HOUR, START + HOUR), undefined)
    const later = save(member, lostFor(member, HOUR + 40_000, START + HOUR + 40_000), START + HOUR + 40_000)
    assert.equal(later.apiServerSeconds, 3640)
  })

  it('is also what was done for services with a policy of their own', () => {
    const member = new TrackedMember('east', undefined, START)
    const policies = [DEFAULT_LOST_MEMBER_POLICY, STRICT]
    save(member, lostFor(member, 40_000, START + 40_000, policies), START + 40_000)
    const record = save(member, lostFor(member, HOUR, START + HOUR, policies), START + HOUR)
    assert.deepEqual([record.phase, record.apiServerSeconds], ['kept', 3600])
    const next = new TrackedMember('east', record, START + 9 * HOUR)
    assert.deepEqual([next.phase(DEFAULT_LOST_MEMBER_POLICY), next.phase(STRICT)], ['kept', 'removed'])
  })

  it('is where the next process goes on: time when none ran does not count', () => {
    const member = new TrackedMember('east', LOST, START + 30 * HOUR)
    assert.equal(member.phase(DEFAULT_LOST_MEMBER_POLICY), 'kept')
    assert.equal(member.silence.apiServer.silentMs, 2_990_000)
    assert.equal(member.since, LOST.since)
    assert.equal(member.state?.state, 'lost')
    assert.equal(member.toSave(3, POLICIES, START + 30 * HOUR), undefined)
    assert.equal(member.enter({ state: 'lost', reason: 'another' }, START + 30 * HOUR), undefined)
  })

  it('is not more than a person may have made of it', () => {
    const edited = new TrackedMember('east', { ...LOST, phase: 'removed', since: 'long ago' }, START)
    assert.equal(edited.phase(DEFAULT_LOST_MEMBER_POLICY), 'kept')
    assert.equal(edited.since, '')
  })

  it('is tried again when it could not be written', () => {
    const member = new TrackedMember('east', undefined, START)
    assert.ok(lostFor(member, 40_000, START + 40_000))
    member.saveFailed(START + 40_000)
    assert.equal(lostFor(member, 41_000, START + 41_000), undefined)
    assert.ok(lostFor(member, 46_000, START + 46_000))
  })

  it('is nothing to write for one that stands by, once the one that leads has written it', () => {
    const member = new TrackedMember('east', undefined, START)
    const record = lostFor(member, 40_000, START + 40_000)
    assert.ok(record)
    member.saveFailed(START + 40_000)
    member.adopt(record)
    assert.equal(lostFor(member, 60_000, START + 60_000), undefined)
  })

  it('is at a clean end for how long, if that is worth a write', () => {
    const member = new TrackedMember('east', undefined, START)
    save(member, lostFor(member, 40_000, START + 40_000), START + 40_000)
    assert.equal(member.toSaveAtEnd(3, POLICIES, START + 60_000), undefined)
    assert.ok(member.toSaveAtEnd(3, POLICIES, START + 700_000))
    member.observe(PRESENT_MEMBER, START, POLICIES, START + 700_000)
    assert.equal(member.toSaveAtEnd(3, POLICIES, START + 700_000), undefined)
  })
})
