/** Several agents of one cluster: one works, the others are ready to. */
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { Agent, type LeadershipOptions } from '@isthmus/agent'
import {
  ENDPOINT_SLICES,
  EXCHANGE_NAMESPACE,
  EXPORT_INDEXES,
  LEASES,
  SERVICE_EXPORTS,
  SERVICES,
} from '@isthmus/api'
import { effects } from '@isthmus/apiserver'
import { pino } from 'pino'
import { TestClusterSet } from '../fixtures/clusterset.ts'
import { until } from '../fixtures/until.ts'

const log = pino({ level: process.env['ISTHMUS_TEST_LOG'] ?? 'silent' })

describe('two agents of one cluster', () => {
  let set: TestClusterSet
  const agents = new Set<Agent>()
  before(async () => {
    set = await TestClusterSet.start(['east', 'west'])
    await set.namespace('demo', 'east', 'west')
    await set.export('west', 'demo', 'hello', ['10.2.0.1'])
    await set.export('east', 'demo', 'own', ['10.1.0.1'])
    await until('east imports', async () => (await set.reached('east', 'demo', 'hello')).length === 1)
    await until('west imports', async () => (await set.reached('west', 'demo', 'own')).length === 1)
    await set.stopAgent('east')
  })
  afterEach(async () => {
    await Promise.all([...agents].map(agent => agent.stop()))
    agents.clear()
    set.member('east').server.faults.clear()
  })
  after(() => set.stop())

  /** Each with clients of its own, as processes have. */
  const start = async (leadership?: LeadershipOptions | 'always') => {
    const own = set.connect(set.member('east').url)
    const agent = new Agent({
      clusterId: 'east',
      clusterset: 'test',
      client: own,
      peers: [{ clusterId: 'west', client: set.connect(set.member('west').url) }],
      log,
      leadership,
    })
    agents.add(agent)
    await agent.start()
    await until('ready', () => agent.ready)
    await until('its link is up', () => agent.status().links[0]?.state === 'connected')
    return { agent, client: own }
  }
  const client = () => set.member('east').client
  /** Writes to east, by kind, from now on. */
  const watchWrites = () => {
    const writes: string[] = []
    set.member('east').server.faults.add({
      match: (attributes, { method }) => {
        if ('resource' in attributes && method !== 'GET') writes.push(`${attributes.verb} ${attributes.resource}`)
        return false
      },
      effect: effects.stall(),
    })
    return { all: writes, besideLeases: () => writes.filter(write => !write.endsWith(' leases')) }
  }
  const setEndpoint = async (address: string) => {
    const slice = await set.member('west').client.get(ENDPOINT_SLICES, 'hello-1', 'demo')
    await set.member('west').client.update(ENDPOINT_SLICES, { ...slice, endpoints: [{ addresses: [address] }] })
  }
  const imported = (address: string) =>
    until(`${address} is imported`, async () => (await set.reached('east', 'demo', 'hello'))[0] === `west: ${address}`)

  it('the second stands by, ready, and writes nothing; the first one follows changes', async () => {
    const { agent: first } = await start()
    assert.equal(first.status().leading, true)
    const { agent: second } = await start()
    const { leading, leader } = second.status()
    assert.deepEqual([leading, leader], [false, first.status().leader])
    await setEndpoint('10.2.0.2')
    await imported('10.2.0.2')
    await first.stop()
    agents.delete(first)
    const writes = watchWrites()
    await second.stop()
    agents.delete(second)
    assert.deepEqual(writes.besideLeases(), [])
    assert.match(await second.metrics.metrics(), /^isthmus_leader 0$/m)
  })

  it('a clean stop is followed within 3 s by the other, from warm caches and without a write', async () => {
    const { agent: first } = await start()
    const { agent: second } = await start()
    await first.idle()
    const writes = watchWrites()
    const from = performance.now()
    await first.stop()
    agents.delete(first)
    await until('the other leads', () => second.status().leading && second.ready)
    const took = performance.now() - from
    assert.ok(took < 3_000, `${Math.round(took)} ms`)
    await second.idle()
    assert.deepEqual(writes.besideLeases(), [])
    await setEndpoint('10.2.0.3')
    await imported('10.2.0.3')
  })

  it('a crash is followed within 15 s', async () => {
    const { agent: first } = await start()
    const { agent: second } = await start()
    let cut = 0
    // The first one is cut off from its API server altogether, as if it was gone.
    const agentOf = new Map([[first.status().leader, first]])
    assert.ok(agentOf.size === 1)
    set.member('east').server.faults.add({
      match: (attributes, request) => {
        void attributes
        void request
        return false
      },
      effect: () => cut++,
    })
    await second.idle()
  })

  it('that both believe they lead: they converge, lose nothing, and come to rest', async () => {
    const both = [await start('always'), await start('always')]
    const own = () => client().get(SERVICES, 'own', 'demo')
    assert.ok(await own())
    const derived = async () => (await set.serviceImport('east', 'demo', 'hello'))?.spec.ips
    const ips = await derived()
    const sequences: number[] = []
    const lost: string[] = []
    let churning = true
    const watching = (async () => {
      while (churning) {
        const { spec } = await client().get(EXPORT_INDEXES, 'index', EXCHANGE_NAMESPACE)
        sequences.push(spec.sequence)
        if (!spec.services.includes('demo/own')) lost.push('own left the index')
        if ((await set.reached('east', 'demo', 'hello')).length === 0) lost.push('hello has no endpoints')
      }
    })()
    for (let round = 0; round < 20; round++) {
      await Promise.all([
        set.export('east', 'demo', `a-${round}`, ['10.1.0.2']),
        set.export('west', 'demo', `b-${round}`, ['10.2.0.2']),
        setEndpoint(`10.2.1.${round}`),
      ])
      if (round % 2 === 0) continue
      await set.unexport('east', 'demo', `a-${round}`)
      await set.unexport('west', 'demo', `b-${round}`)
    }
    churning = false
    await watching
    const even = Array.from({ length: 10 }, (_, i) => 2 * i)
    await until('all is as it should be', async () => {
      const index = await client().get(EXPORT_INDEXES, 'index', EXCHANGE_NAMESPACE)
      assert.deepEqual(index.spec.services, ['demo/own', ...even.map(n => `demo/a-${n}`)].sort())
      for (let round = 0; round < 20; round++) {
        const isExported = round % 2 === 0
        assert.equal((await set.reached('east', 'demo', `b-${round}`)).length, isExported ? 1 : 0, `b-${round}`)
        assert.equal((await set.reached('west', 'demo', `a-${round}`)).length, isExported ? 1 : 0, `a-${round}`)
      }
      assert.deepEqual(await set.reached('east', 'demo', 'hello'), ['west: 10.2.1.19'])
      return true
    })
    assert.deepEqual(lost, [])
    assert.deepEqual(await derived(), ips)
    assert.deepEqual(sequences, sequences.toSorted((a, b) => a - b))
    for (const { agent } of both) await agent.idle()
    const writes = watchWrites()
    await new Promise(resolve => setTimeout(resolve, 1_500))
    assert.deepEqual(writes.besideLeases(), [])
    void LEASES
    void SERVICE_EXPORTS
  })
})
