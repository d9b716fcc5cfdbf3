/** Members whose agents link themselves, through a registry. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { until } from '../fixtures/until.ts'
import { RunningSet } from './running-set.ts'

describe('members that joined', () => {
  let set: RunningSet
  before(async () => {
    set = await RunningSet.start('east', 'west', 'north')
  })
  after(() => set.stop())

  it('are linked, each with each, by their agents', async () => {
    await set.linked('east', 'west', 'north')
    await set.namespace('east', 'west', 'north')
    await set.export('west', 'hello', '10.2.0.1')
    await until('reached', async () => {
      for (const id of ['east', 'west', 'north'])
        assert.deepEqual(await set.reached(id, 'hello'), ['west: 10.2.0.1'])
      return true
    })
  })
})
