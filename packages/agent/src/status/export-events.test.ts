import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Condition } from '@isthmus/api'
import { exportEvents } from './export-events.ts'

const condition = (
  type: string,
  status: Condition['status'],
  reason: string,
  message = reason,
): Condition => ({ type, status, reason, message, lastTransitionTime: '2026-11-22T08:00:00Z' })
const none = { before: undefined, after: undefined }

/** Type and reason of the events of a transition. */
function told(before: readonly Condition[] | undefined, after: readonly Condition[], winner = none as never) {
  return exportEvents({ before, after, winner }).map(({ type, reason }) => `${type} ${reason}`)
}

const fine = [
  condition('Valid', 'True', 'Valid'),
  condition('Ready', 'True', 'Exported'),
  condition('Conflict', 'False', 'NoConflicts'),
]
const conflict = (message = 'ports differ') => condition('Conflict', 'True', 'PortConflict', message)

describe('events of an export', () => {
  it('are none at its beginning, when all is well, and where nothing changes', () => {
    assert.deepEqual(told(undefined, fine), [])
    assert.deepEqual(told(fine, fine), [])
    assert.deepEqual(told([conflict()], [conflict()]), [])
  })

  it('tell of a conflict, of its change, of its end', () => {
    assert.deepEqual(told(fine, [conflict()]), ['Warning Conflict'])
    assert.deepEqual(told([conflict()], [conflict('types differ')]), ['Warning Conflict'])
    assert.deepEqual(told([conflict()], fine), ['Normal ConflictResolved'])
  })

  it('tell of another winner instead of another conflict, where the one before is known', () => {
    const winner = { before: 'east', after: 'west' } as never
    assert.deepEqual(told([conflict()], [conflict('types differ')], winner), ['Normal WinnerChanged'])
    assert.deepEqual(told([conflict()], fine, winner), ['Normal ConflictResolved', 'Normal WinnerChanged'])
    assert.deepEqual(told(fine, fine, winner), [])
  })

  it('tell of what is not valid, by its reason, and that it is again', () => {
    const invalid = condition('Valid', 'False', 'NoService')
    assert.deepEqual(told(undefined, [invalid]), ['Warning NoService'])
    assert.deepEqual(told([invalid], [condition('Valid', 'False', 'InvalidServiceType')]), [
      'Warning InvalidServiceType',
    ])
    assert.deepEqual(told([invalid], fine), ['Normal Valid'])
  })

  it('tell of what the exchange refuses, and that it no longer does', () => {
    const failed = condition('Ready', 'False', 'Failed', 'too long')
    assert.deepEqual(told(fine, [failed]), ['Warning Failed'])
    assert.deepEqual(told([failed], fine), ['Normal Exported'])
    assert.deepEqual(told(fine, [condition('Ready', 'False', 'Pending')]), [])
  })
})
