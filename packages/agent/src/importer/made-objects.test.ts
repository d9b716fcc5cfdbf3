import assert from 'node:assert/strict'
import { it } from 'node:test'
import { MadeObjects } from './made-objects.ts'

const stored = (uid: string, resourceVersion: string) => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { uid, resourceVersion },
})

it('an object is settled until somebody touches it, or something else is wanted', () => {
  const made = new MadeObjects()
  const chunk = {}
  assert.equal(made.isSettled('a', [chunk, 'x'], stored('u', '1')), false)
  made.remember('a', [chunk, 'x'], stored('u', '1'))
  assert.equal(made.isSettled('a', [chunk, 'x'], stored('u', '1')), true)
  assert.equal(made.isSettled('a', [chunk, 'x'], stored('u', '2')), false, 'touched')
  assert.equal(made.isSettled('a', [chunk, 'x'], stored('v', '1')), false, 'made again')
  assert.equal(made.isSettled('a', [chunk, 'y'], stored('u', '1')), false, 'wanted otherwise')
  assert.equal(made.isSettled('a', [{}, 'x'], stored('u', '1')), false, 'other content')
  assert.equal(made.isSettled('b', [chunk, 'x'], stored('u', '1')), false, 'another object')
})

it('what is wanted is the same or not, whatever is stored', () => {
  const made = new MadeObjects()
  made.remember('a', ['x'], stored('u', '1'))
  assert.equal(made.isSame('a', ['x']), true)
  assert.equal(made.isSame('a', ['x', 'y']), false)
  made.forget('a')
  assert.equal(made.isSame('a', ['x']), false)
})

it('repairs are told once', () => {
  const made = new MadeObjects()
  made.repaired({ kind: 'Service', name: 'a', what: 'edited' })
  assert.equal(made.takeRepairs().length, 1)
  assert.equal(made.takeRepairs().length, 0)
})
