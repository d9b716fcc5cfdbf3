/** Leaving while agents run: who is told, who is waited for, and what is left. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { leaveClusterSet, removeMember } from '@isthmus/agent'
import { CLUSTER_PROFILES, SERVICE_EXPORTS, SERVICES } from '@isthmus/api'
import { until } from '../fixtures/until.ts'
import { contentsOf } from './cluster-contents.ts'
import { REGISTRY_NAMESPACE, RunningSet } from './running-set.ts'

const IDS = ['east', 'west', 'north']

suite('leaving, with agents', () => {
  let set: RunningSet
  before(async () => {
    set = await RunningSet.start(...IDS)
    await set.namespace(...IDS)
    for (const [id, address] of [
      ['east', '10.1.0.1'],
      ['west', '10.2.0.1'],
    ] as const)
      await set.export(id, 'hello', address)
    await set.linked(...IDS)
    for (const id of IDS)
      await until(`${id} imports`, async () => (await set.reached(id, 'hello')).length === 2)
  })
  after(() => set.stop())

  const leave = (id: string, changes: { timeoutMs?: number; force?: boolean } = {}) =>
    leaveClusterSet({
      client: set.member(id).client,
      registry: set.registry.client,
      timeoutMs: 20_000,
      ...changes,
    })

  test('all members withdraw what it exported, its agent ends, and nothing but what a user made is left', async () => {
    const east = set.member('east')
    const ended = east.agent?.left
    const { stays } = await leave('east')
    assert.match(`${await ended}`, /east leaves/)
    for (const id of ['west', 'north'])
      await until(
        `${id} has withdrawn`,
        async () => (await set.reached(id, 'hello')).join() === 'west: 10.2.0.1',
      )
    assert.deepEqual(stays, [
      'the CRD serviceexports.multicluster.x-k8s.io stays: there is still ServiceExport demo/hello',
    ])
    const { status } = await east.client.get(SERVICE_EXPORTS, 'hello', 'demo')
    assert.equal(status, undefined)
    const services = await east.client.list(SERVICES, { namespace: 'demo' })
    assert.deepEqual(
      services.items.map(({ metadata }) => metadata.name),
      ['hello'],
    )
    await until('all is gone', () => {
      const left = Object.keys(contentsOf(east.server)).filter(key =>
        /isthmus|multicluster|clusterset|service(ex|im)port/.test(key),
      )
      assert.deepEqual(left, [
        'customresourcedefinitions /serviceexports.multicluster.x-k8s.io',
        'serviceexports demo/hello',
      ])
      return true
    })
    await set.stopAgent('east')
  })

  test('it joins again, and is linked as if it had never been away', async () => {
    await set.join('east')
    await set.startAgent('east')
    await set.linked(...IDS)
    for (const id of IDS)
      await until(`${id} imports`, async () => (await set.reached(id, 'hello')).length === 2)
  })

  test('a member that is silent is named; with force it withdraws when it is back', async () => {
    await set.stopAgent('north')
    await assert.rejects(leave('east', { timeoutMs: 1_500 }), {
      code: 'ISTHMUS_MEMBERS_SILENT',
      message: /^north did not/,
    })
    const { items } = await set.registry.client.list(CLUSTER_PROFILES, { namespace: REGISTRY_NAMESPACE })
    assert.ok(items.some(({ metadata }) => metadata.name === 'east'))
    assert.deepEqual(await set.reached('north', 'hello'), ['east: 10.1.0.1', 'west: 10.2.0.1'])
    assert.equal((await leave('east', { timeoutMs: 500, force: true })).clusterId, 'east')
    await set.stopAgent('east')
    await set.startAgent('north')
    await until(
      'north has withdrawn',
      async () => (await set.reached('north', 'hello')).join() === 'west: 10.2.0.1',
    )
  })

  test('a member that was removed and still runs says so, also after a restart; leave takes it out', async () => {
    await set.join('east')
    await set.startAgent('east')
    await set.linked(...IDS)
    const east = set.member('east')
    await removeMember({ registry: set.registry.client, clusterId: 'east', timeoutMs: 20_000 })
    const says = () => east.agent?.status().reasons.join() ?? ''
    const words =
      /^east was removed from the ClusterSet prod \(seen at .*`isthmus leave` takes out what is left/
    await until('it says so', () => words.test(says()))
    assert.equal(east.agent?.ready, false)
    const told = says()
    // The registry, which does not accept it any more, has nothing to say to the next one.
    await set.stopAgent('east')
    await set.startAgent('east')
    await until('it says so again', () => says() === told)
    const ended = east.agent?.left
    await leave('east')
    assert.match(`${await ended}`, /east leaves/)
    await set.stopAgent('east')
  })

  test('a member whose cluster is gone is removed by its id', async () => {
    await set.stopAgent('west')
    await set.member('west').server.close()
    const { remaining } = await removeMember({
      registry: set.registry.client,
      clusterId: 'west',
      timeoutMs: 20_000,
    })
    assert.deepEqual(remaining, ['north'])
    await until('north has withdrawn', async () => (await set.reached('north', 'hello')).length === 0)
    assert.deepEqual(Object.keys(set.link('north')), [])
  })
})
