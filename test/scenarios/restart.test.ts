import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { TestClusterSet } from '../fixtures/clusterset.ts'
import { until } from '../fixtures/until.ts'

const IDS = ['east', 'west', 'north']

describe('a restart of an agent', () => {
  let set: TestClusterSet
  before(async () => {
    set = await TestClusterSet.start(IDS)
    await set.namespace('demo', ...IDS)
    await set.export('east', 'demo', 'hello', ['10.1.0.1'])
    await set.export('west', 'demo', 'hello', ['10.2.0.1'])
    await until('all reach both', async () => {
      for (const id of IDS) assert.equal((await set.reached(id, 'demo', 'hello')).length, 2, id)
      return true
    })
  })
  after(() => set.stop())

  for (const id of IDS) {
    it(`writes nothing at all in ${id}, its heartbeat apart`, async () => {
      const { storage } = set.member(id).server
      await until(`${id} has nothing left to do`, async () => {
        const before = storage.revision
        await new Promise(resolve => setTimeout(resolve, 50))
        return storage.revision === before
      })
      await set.stopAgent(id)
      const before = storage.revision
      const agent = await set.startAgent(id)
      await until('ready', () => agent.ready)
      await until('links are up', () => agent.status().links.every(({ state }) => state === 'connected'))
      await agent.idle()
      assert.ok(storage.revision - before <= 1, `${storage.revision - before} writes`)
    })
  }
})
