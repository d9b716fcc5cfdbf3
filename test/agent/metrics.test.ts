/** What an agent tells of its work, of real changes between clusters. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ENDPOINT_SLICES, EXPORTED_ENDPOINTS } from '@isthmus/api'
import { TestClusterSet } from '../fixtures/clusterset.ts'
import { until } from '../fixtures/until.ts'

describe('metrics', () => {
  let set: TestClusterSet

  before(async () => {
    set = await TestClusterSet.start(['east', 'west'])
    await set.namespace('demo', 'east', 'west')
    await set.export('east', 'demo', 'hello', ['10.1.0.1'])
    await until('it is imported', async () => (await set.reached('west', 'demo', 'hello')).length === 1)
  })
  after(() => set.stop())

  /** The value of one line of west's metrics. */
  const metric = async (line: string): Promise<number | undefined> => {
    const text = (await set.member('west').agent?.metrics.metrics()) ?? ''
    const found = text.split('\n').find(candidate => candidate.startsWith(`${line} `))
    return found === undefined ? undefined : Number(found.slice(line.length + 1))
  }
  const changeEndpoint = async (address: string) => {
    const { client } = set.member('east')
    const slice = await client.get(ENDPOINT_SLICES, 'hello-1', 'demo')
    const endpoints = [{ addresses: [address], conditions: { ready: true } }]
    await client.update(ENDPOINT_SLICES, { ...slice, endpoints })
    await until(`${address} is imported`, async () =>
      (await set.reached('west', 'demo', 'hello')).includes(`east: ${address}`),
    )
  }

  it('count how long a change took from the source to here', async () => {
    const count = 'isthmus_propagation_seconds_count{peer="east"}'
    const earlier = (await metric(count)) ?? 0
    await changeEndpoint('10.1.0.2')
    await until('it is counted', async () => (await metric(count)) === earlier + 1)
    assert.ok(((await metric('isthmus_propagation_seconds_sum{peer="east"}')) ?? 60) < 30)
  })

  it('do not take an import that is repaired for a change of its source', async () => {
    const count = 'isthmus_propagation_seconds_count{peer="east"}'
    const earlier = await metric(count)
    const [slice] = (await set.importedSlices('west', 'demo', 'hello')).get('east') ?? []
    assert.ok(slice)
    await set.member('west').client.delete(ENDPOINT_SLICES, slice.metadata.name ?? '', 'demo')
    await until('it is repaired', async () => (await set.reached('west', 'demo', 'hello')).length === 1)
    assert.equal(await metric(count), earlier)
  })

  it('count writes, and what became of them', async () => {
    const line = 'isthmus_writes_total{verb="create",resource="endpointslices",code="201"}'
    assert.ok(((await metric(line)) ?? 0) >= 1)
  })

  it('the stamp of a change is not a change', async () => {
    const { client } = set.member('east')
    const [chunk] = (await client.list(EXPORTED_ENDPOINTS)).items
    assert.ok(chunk)
    assert.match(chunk.metadata.annotations?.['isthmus.dev/changed-at'] ?? '', /^\d{4}-.*Z$/)
    await set.stopAgent('east')
    await (await set.startAgent('east')).idle()
    const [later] = (await client.list(EXPORTED_ENDPOINTS)).items
    assert.equal(later?.metadata.resourceVersion, chunk.metadata.resourceVersion)
  })
})
