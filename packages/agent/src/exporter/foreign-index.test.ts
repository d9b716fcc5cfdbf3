import assert from 'node:assert/strict'
import { it } from 'node:test'
import { ForeignIndex } from './foreign-index.ts'

it('what another process wrote is left alone for a moment, and for longer if it is written again', () => {
  const foreign = new ForeignIndex()
  assert.equal(foreign.graceMs(0), 0)
  assert.equal(foreign.overrule(), false)
  foreign.seen(1_000)
  assert.equal(foreign.graceMs(1_400), 600)
  assert.equal(foreign.graceMs(2_000), 0)
  assert.equal(foreign.overrule(), true)
  assert.equal(foreign.graceMs(2_000), 0)
  const graces: number[] = []
  for (let now = 3_000; now < 300_000; now += 40_000) {
    foreign.seen(now)
    graces.push(foreign.graceMs(now))
    foreign.overrule()
  }
  assert.deepEqual(graces, [2_000, 4_000, 8_000, 16_000, 32_000, 60_000, 60_000, 60_000])
})

it('that of before this process is not left alone, and after a long peace all begins anew', () => {
  const foreign = new ForeignIndex()
  foreign.seen(0)
  foreign.forget()
  assert.equal(foreign.graceMs(10), 0)
  foreign.seen(20)
  foreign.overrule()
  foreign.seen(400_000)
  assert.equal(foreign.graceMs(400_000), 1_000)
})
