import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type MemberSilence, PRESENT_MEMBER } from '@isthmus/core'
import type { LinkState, LinkStatus } from '../options.ts'
import { linkStateOf } from './link-state.ts'

const silent = { silentMs: 60_000, heardMs: 0 }
const UNHEARD: MemberSilence = { ...PRESENT_MEMBER, unheard: silent, controlPlane: silent }
const UNREAD: MemberSilence = { ...UNHEARD, apiServer: silent }

function stateOf(
  state: LinkState,
  silence: MemberSilence,
  { isRead = false, isCutOff = false, reason = 'why' } = {},
) {
  const now: LinkStatus = {
    clusterId: 'east',
    server: 'https://east',
    state,
    sequence: 1,
    services: 1,
    refusals: 0,
    ...(reason === '' ? {} : { reason }),
  }
  return linkStateOf({ now, silence, isRead, isCutOff })
}

describe('the state of a link', () => {
  it('is what the link says as long as the member is not lost', () => {
    for (const state of ['connected', 'connecting', 'degraded', 'refused'] as const)
      assert.equal(stateOf(state, PRESENT_MEMBER).state, state)
  })

  it('is lost once it cannot be read for long, also at the start of a process', () => {
    assert.deepEqual(stateOf('degraded', UNREAD), { state: 'lost', reason: 'why' })
    assert.deepEqual(stateOf('connecting', UNREAD), { state: 'lost', reason: 'why' })
  })

  it('is degraded while its API server answers and its publisher does not', () =>
    assert.equal(stateOf('degraded', UNHEARD, { isRead: true }).state, 'degraded'))

  it('is refused where what it says cannot be used', () =>
    assert.equal(stateOf('refused', UNHEARD, { isRead: true }).state, 'refused'))

  it('is lost until it has been there for a while', () => {
    const { state, reason } = stateOf('connected', UNREAD, { isRead: true, reason: '' })
    assert.equal(state, 'lost')
    assert.match(reason ?? '', /it answers again, and counts as back/)
  })

  it('says that this cluster may be the one that is cut off', () =>
    assert.match(stateOf('degraded', UNREAD, { isCutOff: true }).reason ?? '', /^why; so do all other peers/))
})
