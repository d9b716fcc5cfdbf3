import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { type MemberPhase, phaseOf } from './phase.ts'
import type { LostMemberPolicy } from './policy.ts'
import { parseLostMemberPolicy } from './policy-text.ts'
import {
  countedTime,
  MAX_STEP_MS,
  type MemberObservation,
  type MemberSilence,
  nextMemberSilence,
  PRESENT_MEMBER,
  passedTime,
  STEADY_MS,
} from './silence.ts'

const SECOND = 1000
const HOUR = 3600 * SECOND

const WELL: MemberObservation = { isRead: true, isServing: true, isHeard: true, isAnswered: true }
const UNREAD: MemberObservation = { isRead: false, isServing: false, isHeard: false, isAnswered: true }
const DEAD: MemberObservation = { isRead: false, isServing: false, isHeard: false, isAnswered: false }
const MUTE: MemberObservation = { isRead: true, isServing: true, isHeard: false, isAnswered: true }

/** The silence after so long of an observation, in looks of ten seconds. */
function after(
  silence: MemberSilence,
  ms: number,
  observation: MemberObservation,
  isCounted = true,
): MemberSilence {
  let next = silence
  for (let left = ms; left > 0; left -= 10 * SECOND) {
    const passedMs = Math.min(left, 10 * SECOND)
    next = nextMemberSilence(next, observation, { passedMs, countedMs: isCounted ? passedMs : 0 })
  }
  return next
}

function policy(text: string): LostMemberPolicy {
  const parsed = parseLostMemberPolicy(text)
  assert.ok('policy' in parsed, JSON.stringify(parsed))
  return parsed.policy
}

const phase = (silence: MemberSilence, text = '') => phaseOf(silence, policy(text))

describe('a member', () => {
  it('is present through the restart of its API server', () => {
    assert.equal(phase(after(PRESENT_MEMBER, 39 * SECOND, UNREAD)), 'present')
    assert.equal(phase(after(PRESENT_MEMBER, 40 * SECOND, UNREAD)), 'kept')
  })

  it('is kept for a day while its endpoints answer, or nobody knows, and then removed', () => {
    for (const isAnswered of [true, undefined]) {
      const lost = { ...UNREAD, isAnswered }
      assert.equal(phase(after(PRESENT_MEMBER, 24 * HOUR - SECOND, lost)), 'kept')
      assert.equal(phase(after(PRESENT_MEMBER, 24 * HOUR, lost)), 'removed')
    }
  })

  it('is not ready once its endpoints have not answered for half a minute, but only while it is silent', () => {
    const dead = after(PRESENT_MEMBER, 60 * SECOND, DEAD)
    assert.equal(phase(dead), 'notReady')
    assert.equal(phase(after(dead, 10 * SECOND, UNREAD)), 'kept')
    assert.equal(phase(after(PRESENT_MEMBER, HOUR, { ...WELL, isAnswered: false })), 'present')
    assert.equal(phase(dead, 'endpointsLost=keep'), 'kept')
    assert.equal(phase(dead, 'endpointsLost=notReady:2m'), 'kept')
  })

  it('whose API server answers is never gone, however long its publisher is silent', () => {
    assert.equal(phase(after(PRESENT_MEMBER, 48 * HOUR, MUTE)), 'kept')
    assert.equal(phase(after(PRESENT_MEMBER, 48 * HOUR, MUTE), 'controlPlaneLost=remove:1h'), 'removed')
  })

  it('is what the strongest rule says', () => {
    const dead = after(PRESENT_MEMBER, 25 * HOUR, DEAD)
    assert.equal(phase(dead), 'removed')
    assert.equal(phase(dead, 'gone=keep'), 'notReady')
    assert.equal(phase(dead, 'gone=keep,endpointsLost=keep'), 'kept')
    assert.equal(phase(dead, 'gone=keep,endpointsLost=keep,controlPlaneLost=notReady:1h'), 'notReady')
  })

  it('is not back before it was there for a while', () => {
    const gone = after(PRESENT_MEMBER, 25 * HOUR, DEAD)
    assert.equal(phase(after(gone, STEADY_MS - SECOND, WELL)), 'removed')
    assert.equal(phase(after(gone, STEADY_MS, WELL)), 'present')
    let flapping = gone
    for (let n = 0; n < 20; n++) flapping = after(after(flapping, 5 * SECOND, WELL), 5 * SECOND, DEAD)
    assert.equal(phase(flapping), 'removed')
  })

  it('is at most kept because of time that does not count', () => {
    assert.equal(phase(after(PRESENT_MEMBER, 48 * HOUR, DEAD, false)), 'kept')
    const almost = after(PRESENT_MEMBER, 24 * HOUR - SECOND, UNREAD)
    assert.equal(phase(after(almost, 48 * HOUR, UNREAD, false)), 'kept')
    assert.equal(phase(after(almost, SECOND, UNREAD)), 'removed')
  })
})

describe('time counts', () => {
  const counted = (peers: boolean[], ownAnswers = true) =>
    countedTime({ passedMs: SECOND, ownAnswers, peers })
  it('as long as one of several peers is heard, or there is only one', () => {
    assert.equal(counted([false, true]), SECOND)
    assert.equal(counted([false]), SECOND)
    assert.equal(counted([false, false]), 0)
    assert.equal(counted([]), SECOND)
  })
  it('not while the own API server does not answer', () => assert.equal(counted([false, true], false), 0))
  it('not while this process slept, nor when its clock is set', () => {
    assert.equal(passedTime(HOUR), MAX_STEP_MS)
    assert.equal(passedTime(-HOUR), 0)
  })
})

describe('whatever is observed', () => {
  const observations = fc.record({
    isRead: fc.boolean(),
    isServing: fc.boolean(),
    isHeard: fc.boolean(),
    isAnswered: fc.constantFrom(true, false, undefined),
  })
  const looks = fc.array(
    fc.record({
      observation: observations,
      passedMs: fc.integer({ min: 0, max: MAX_STEP_MS }),
      isCounted: fc.boolean(),
    }),
    { maxLength: 60 },
  )
  const followed = (list: { observation: MemberObservation; passedMs: number; isCounted: boolean }[]) => {
    const states = [PRESENT_MEMBER]
    for (const { observation, passedMs, isCounted } of list) {
      const countedMs = isCounted ? passedMs : 0
      states.push(nextMemberSilence(states.at(-1) ?? PRESENT_MEMBER, observation, { passedMs, countedMs }))
    }
    return states
  }
  const quick = policy('controlPlaneLost=notReady:1m,endpointsLost=notReady:30s,gone=remove:2m')

  it('a member is not acted upon before the time of its policy', () => {
    fc.assert(
      fc.property(looks, list => {
        let counted = 0
        for (const [n, state] of followed(list).entries()) {
          const look = list[n - 1]
          if (look?.isCounted) counted += look.passedMs
          const now = phaseOf(state, quick)
          if (counted < 30 * SECOND) assert.ok(now === 'present' || now === 'kept', now)
          if (counted < 120 * SECOND) assert.notEqual(now, 'removed')
        }
      }),
    )
  })

  it('one that is heard all the time is present', () => {
    fc.assert(
      fc.property(looks, list => {
        const well = list.map(look => ({
          ...look,
          observation: { ...look.observation, isRead: true, isServing: true, isHeard: true },
        }))
        for (const state of followed(well)) assert.equal(phaseOf(state, quick), 'present')
      }),
    )
  })

  const phases = (list: Parameters<typeof followed>[0], change: Partial<MemberObservation>): MemberPhase[] =>
    followed(list.map(look => ({ ...look, observation: { ...look.observation, ...change } }))).map(state =>
      phaseOf(state, quick),
    )

  it('one whose API server is read is never gone', () => {
    fc.assert(fc.property(looks, list => assert.ok(!phases(list, { isServing: true }).includes('removed'))))
  })

  it('without probes no endpoints are lost', () => {
    const unprobed = policy('endpointsLost=notReady:0s,gone=remove:2m')
    fc.assert(
      fc.property(looks, list => {
        const blind = list.map(look => ({
          ...look,
          observation: { ...look.observation, isAnswered: undefined },
        }))
        for (const state of followed(blind)) assert.notEqual(phaseOf(state, unprobed), 'notReady')
      }),
    )
  })

  it('one that came back is not removed again before the whole time of the policy', () => {
    fc.assert(
      fc.property(looks, list => {
        const acted = followed(list).map(state => phaseOf(state, quick) === 'removed')
        let since = Number.POSITIVE_INFINITY
        for (const [n, isActed] of acted.entries()) {
          since += list[n - 1]?.passedMs ?? 0
          if (n === 0 || isActed === acted[n - 1]) continue
          if (isActed) assert.ok(since >= 120 * SECOND, `again after ${since} ms`)
          since = 0
        }
      }),
    )
  })
})
