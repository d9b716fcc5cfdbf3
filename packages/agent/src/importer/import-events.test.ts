import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Condition } from '@isthmus/api'
import { importEvents } from './import-events.ts'

const ready = { status: 'True', reason: 'Ready', message: 'all is well' } as const
const pending = { status: 'False', reason: 'Pending', message: 'quota' } as const
const before = (of: Pick<Condition, 'status' | 'reason' | 'message'>): Condition => ({
  type: 'Ready',
  lastTransitionTime: '2026-11-22T08:00:00Z',
  ...of,
})
const usual = { isBlocked: false, isAwaiting: false, notes: [] }
const told = (transition: Parameters<typeof importEvents>[0]) =>
  importEvents(transition).map(({ type, reason }) => `${type} ${reason}`)

describe('events of an import', () => {
  it('are none when it becomes Ready, or stays what it is', () => {
    assert.deepEqual(told({ ...usual, before: undefined, after: ready }), [])
    assert.deepEqual(told({ ...usual, before: before(ready), after: ready }), [])
    assert.deepEqual(told({ ...usual, before: before(pending), after: pending }), [])
  })

  it('tell why it is Pending, by what is in the way, and that it is Ready again', () => {
    assert.deepEqual(told({ ...usual, before: undefined, after: pending }), ['Warning Pending'])
    assert.deepEqual(told({ ...usual, before: before(ready), after: pending, isBlocked: true }), [
      'Warning NameTaken',
    ])
    assert.deepEqual(told({ ...usual, before: undefined, after: pending, isAwaiting: true }), [])
    assert.deepEqual(told({ ...usual, before: before(pending), after: ready }), ['Normal Ready'])
  })

  it('tell of families that the cluster does not have', () => {
    const after = { status: 'False', reason: 'IPFamilyNotSupported', message: 'IPv6' } as const
    assert.deepEqual(told({ ...usual, before: before(ready), after }), ['Warning IPFamilyNotSupported'])
    assert.deepEqual(told({ ...usual, before: before(after), after }), [])
  })

  it('tell each note once, also where it is in the message after a restart', () => {
    const notes = [['RecordRefused', 'labels of west']] as const
    const after = { ...ready, message: 'all is well; labels of west' }
    assert.deepEqual(told({ ...usual, before: before(ready), after, notes }), ['Warning RecordRefused'])
    assert.deepEqual(told({ ...usual, before: undefined, after, notes }), ['Warning RecordRefused'])
    assert.deepEqual(told({ ...usual, before: before(after), after, notes }), [])
  })
  it('warn where another export says that it is older than the one that is still there', () => {
    const settled = { ...usual, before: before(ready), after: ready }
    const winner = { before: 'west', after: 'east', overtaken: true }
    assert.deepEqual(told({ ...settled, winner }), ['Warning WinnerChanged'])
    assert.deepEqual(told({ ...settled, winner: { ...winner, overtaken: false } }), ['Normal WinnerChanged'])
  })
})
