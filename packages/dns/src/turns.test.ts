import assert from 'node:assert/strict'
import { it } from 'node:test'
import { inSlices } from './turns.ts'

it('long work leaves turns of the event loop to others, and is done to its end', {
  timeout: 10_000,
}, async () => {
  const STEP_MS = 0.2
  let steps = 0
  let longest = 0
  let sinceTurn = 0
  let isDone = false
  const turn = () => {
    longest = Math.max(longest, sinceTurn)
    sinceTurn = 0
    if (!isDone) setImmediate(turn)
  }
  setImmediate(turn)
  await inSlices(() => {
    for (const end = performance.now() + STEP_MS; performance.now() < end; );
    sinceTurn++
    return ++steps < 50
  })
  isDone = true
  assert.equal(steps, 50)
  assert.ok(longest <= 6, `${longest} steps in one turn`)
})
