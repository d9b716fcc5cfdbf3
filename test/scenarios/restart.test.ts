import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { effects } from '@isthmus/apiserver'
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
    it(`writes nothing but Leases in ${id}`, async () => {
      const { storage, faults } = set.member(id).server
      await until(`${id} has nothing left to do`, async () => {
        const before = storage.revision
        await new Promise(resolve => setTimeout(resolve, 50))
        return storage.revision === before
      })
      await set.stopAgent(id)
      const writes: string[] = []
      const watched = faults.add({
        match: (attributes, { method, url }) => {
          if ('resource' in attributes && method !== 'GET' && !url?.includes('dryRun'))
            writes.push(`${attributes.verb} ${attributes.resource}`)
          return false
        },
        effect: effects.stall(),
      })
      const agent = await set.startAgent(id)
      await until('ready', () => agent.ready)
      await until('links are up', () => agent.status().links.every(({ state }) => state === 'connected'))
      await agent.idle()
      watched.remove()
      assert.deepEqual(
        writes.filter(write => !write.endsWith(' leases')),
        [],
      )
    })
  }
})
