/** What fails while an agent starts is tried again, and takes nothing from anyone. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ENDPOINT_SLICES } from '@isthmus/api'
import { effects } from '@isthmus/apiserver'
import { until } from '../fixtures/until.ts'
import { RunningSet } from './running-set.ts'

describe('an agent that starts', () => {
  let set: RunningSet
  before(async () => {
    set = await RunningSet.start('east', 'west')
    await set.namespace('east', 'west')
    await set.export('west', 'hello', '10.2.0.1')
    await until('imported', async () => (await set.reached('east', 'hello')).length === 1)
  })
  after(() => set.stop())

  it('links a peer of which it could not read at first what it remembers, and keeps what was imported', async () => {
    const slices = async () => {
      const { items } = await set.member('east').client.list(ENDPOINT_SLICES, {
        namespace: 'demo',
        labelSelector: 'multicluster.kubernetes.io/service-name=hello',
      })
      return items.map(({ metadata: { name, uid } }) => [name, uid])
    }
    const imported = await slices()
    await set.stopAgent('east')
    const match = { verb: 'get', resource: 'configmaps', name: 'link-west' }
    const fault = set.member('east').server.faults.add({ match, effect: effects.refuse(500), times: 1 })
    await assert.rejects(set.startAgent('east'), { code: 500 })
    assert.equal(fault.count, 1)
    await set.member('east').agent?.start()
    await set.linked('east', 'west')
    await until('it leads', () => set.member('east').agent?.ready)
    await set.member('east').agent?.idle()
    assert.deepEqual(await slices(), imported)
  })
})
