import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Agent } from '@isthmus/agent'
import {
  CLUSTER_PROPERTIES,
  ENDPOINT_SLICES,
  IsthmusError,
  PROPERTY_CLUSTER_ID,
  type ResourceType,
  SERVICE_IMPORTS,
  SERVICES,
} from '@isthmus/api'
import { pino } from 'pino'
import { TestClusterSet } from '../fixtures/clusterset.ts'
import { until } from '../fixtures/until.ts'

describe('a peer that cannot be reached', () => {
  let set: TestClusterSet
  before(async () => {
    set = await TestClusterSet.start(['east', 'west', 'north'])
    await set.namespace('demo', 'east', 'west', 'north')
    await set.export('east', 'demo', 'hello', ['10.1.0.1'])
    await set.export('west', 'demo', 'hello', ['10.2.0.1'])
    await until('north reaches both', async () => (await set.reached('north', 'demo', 'hello')).length === 2)
    await until(
      'its import is ready',
      async () => (await set.serviceImport('north', 'demo', 'hello'))?.status?.clusters?.length === 2,
    )
  })
  after(() => set.stop())

  const everything = async (id: string) => {
    const { client } = set.member(id)
    const lists = await Promise.all(
      ([SERVICES, ENDPOINT_SLICES, SERVICE_IMPORTS] as ResourceType[]).map(type =>
        client.list(type, { namespace: 'demo' }),
      ),
    )
    return lists.flatMap(({ items }) => items)
  }

  it('keeps its place, its endpoints and every object as it is, also when the importer restarts', async () => {
    const before = await everything('north')
    await set.stopAgent('north')
    await set.stopAgent('east')
    await set.member('east').server.close()
    const agent = await set.startAgent('north')
    await until('ready without east', () => agent.ready)
    await until(
      'west is linked',
      () => agent.status().links.find(({ clusterId }) => clusterId === 'west')?.state === 'connected',
    )
    await until(
      'it says that east is not reached',
      () => agent.status().links.find(({ clusterId }) => clusterId === 'east')?.reason,
    )
    assert.deepEqual(await everything('north'), before)
  })

  it('does not stop what the others do', async () => {
    const { client } = set.member('west')
    const slice = await client.get(ENDPOINT_SLICES, 'hello-1', 'demo')
    await client.update(ENDPOINT_SLICES, { ...slice, endpoints: [{ addresses: ['10.2.0.7'] }] })
    await until('north follows west', async () => {
      assert.deepEqual(await set.reached('north', 'demo', 'hello'), ['east: 10.1.0.1', 'west: 10.2.0.7'])
      return true
    })
    await set.unexport('west', 'demo', 'hello')
    await until('only the silent one is left', async () => {
      assert.deepEqual(await set.reached('north', 'demo', 'hello'), ['east: 10.1.0.1'])
      return true
    })
    assert.notEqual(await set.serviceImport('north', 'demo', 'hello'), undefined)
  })
})

describe('cluster ids', () => {
  let set: TestClusterSet
  before(async () => {
    set = await TestClusterSet.start(['east', 'west'])
  })
  after(() => set.stop())
  const log = pino({ level: 'silent' })

  it('do not change while a cluster is a member', async () => {
    const { client } = set.member('east')
    const renamed = new Agent({ clusterId: 'south', clusterset: 'test', client, peers: [], log })
    await assert.rejects(
      renamed.start(),
      (error: unknown) => error instanceof IsthmusError && error.code === 'ISTHMUS_CLUSTER_ID_TAKEN',
    )
    assert.equal((await client.get(CLUSTER_PROPERTIES, PROPERTY_CLUSTER_ID)).spec.value, 'east')
  })

  it('are one each: what calls itself by another name is not merged', async () => {
    await set.namespace('twice', 'east', 'west')
    await set.export('west', 'twice', 'hello', ['10.2.0.1'])
    await until('west is merged', async () => (await set.reached('east', 'twice', 'hello')).length === 1)
    await set.stopAgent('east')
    const { client, url } = set.member('east')
    const peers = [{ clusterId: 'north', client: set.connect(set.member('west').url) }]
    const agent = new Agent({ clusterId: 'east', clusterset: 'test', client, peers, log })
    await agent.start()
    try {
      const link = await until('refused', () => agent.status().links.find(({ state }) => state === 'refused'))
      assert.match(link.reason ?? '', /calls itself "west", not north/)
    } finally {
      await agent.stop()
    }
    assert.ok(url)
  })

  it('are labels, and given once', () => {
    const { client } = set.member('east')
    const start = (clusterId: string, peer: string) => () =>
      new Agent({ clusterId, clusterset: 'test', client, peers: [{ clusterId: peer, client }], log })
    assert.throws(start('East', 'west'), { code: 'ISTHMUS_CLUSTER_ID_INVALID' })
    assert.throws(start('a.b', 'west'), { code: 'ISTHMUS_CLUSTER_ID_INVALID' })
    assert.throws(start('west', 'west'), { code: 'ISTHMUS_CLUSTER_ID_TWICE' })
  })
})
