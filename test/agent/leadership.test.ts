/** Several agents of one cluster: one works, the others are ready to. */
import assert from 'node:assert/strict'
import { after, afterEach, before, describe, it } from 'node:test'
import { Agent, type LeadershipOptions } from '@isthmus/agent'
import {
  AGENT_NAMESPACE,
  ENDPOINT_SLICES,
  EXCHANGE_NAMESPACE,
  EXPORT_INDEXES,
  LEASES,
  SERVICE_IMPORTS,
} from '@isthmus/api'
import { effects } from '@isthmus/apiserver'
import { type ClusterClient, connect, staticCredentials } from '@isthmus/kube'
import { pino } from 'pino'
import { TestClusterSet } from '../fixtures/clusterset.ts'
import { until } from '../fixtures/until.ts'

const log = pino({ level: process.env.ISTHMUS_TEST_LOG ?? 'silent' })
/** As the usual ones, several times as fast. */
const FAST = {
  times: { leaseDurationMs: 2_000, renewDeadlineMs: 1_000, retryPeriodMs: 200, pollPeriodMs: 100 },
} as const
const ROUNDS = 12

describe('two agents of one cluster', () => {
  let set: TestClusterSet
  const running = new Map<Agent, ClusterClient[]>()
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
    east().server.faults.clear()
    await Promise.all([...running.keys()].map(stop))
  })
  after(() => set.stop())

  const east = () => set.member('east')
  /** With clients of its own, as processes have, by the name that its requests bear. */
  const start = async (leadership?: LeadershipOptions | 'always', userAgent = 'isthmus') => {
    const [client, peer] = [east().url, set.member('west').url].map(server =>
      connect(staticCredentials({ server }), { userAgent }),
    ) as [ClusterClient, ClusterClient]
    const peers = [{ clusterId: 'west', client: peer }]
    const agent = new Agent({ clusterId: 'east', clusterset: 'test', client, peers, log, leadership })
    running.set(agent, [client, peer])
    await agent.start()
    await until('ready', () => agent.ready)
    await until('its link is up', () => agent.status().links[0]?.state === 'connected')
    return agent
  }
  const stop = async (agent: Agent) => {
    await agent.stop()
    await crash(agent)
    running.delete(agent)
  }
  /** Nothing of it reaches any API server any more. */
  const crash = async (agent: Agent) => {
    await Promise.all((running.get(agent) ?? []).map(client => client.close()))
  }
  /** Writes to east from now on. */
  const watchWrites = () => {
    const writes: string[] = []
    east().server.faults.add({
      match: (attributes, { method }) => {
        if ('resource' in attributes && method !== 'GET' && attributes.resource !== 'leases')
          writes.push(`${attributes.verb} ${attributes.resource} ${attributes.name ?? ''}`)
        return false
      },
      effect: effects.stall(),
    })
    return writes
  }
  const setEndpoint = async (address: string) => {
    const { client } = set.member('west')
    const slice = await client.get(ENDPOINT_SLICES, 'hello-1', 'demo')
    await client.update(ENDPOINT_SLICES, { ...slice, endpoints: [{ addresses: [address] }] })
  }
  const imported = (address: string) =>
    until(`${address} is imported`, async () =>
      (await set.reached('east', 'demo', 'hello')).includes(`west: ${address}`),
    )
  const leads = (agent: Agent, withinMs?: number) =>
    until('it leads', () => agent.status().leading && agent.ready, withinMs)

  it('the second stands by, ready, and writes nothing', async () => {
    const first = await start()
    assert.equal(first.status().leading, true)
    const second = await start()
    const { leading, leader } = second.status()
    assert.deepEqual([leading, leader], [false, first.status().leader])
    await setEndpoint('10.2.0.2')
    await imported('10.2.0.2')
    assert.match(await first.metrics.metrics(), /^isthmus_leader 1$/m)
    assert.match(await second.metrics.metrics(), /^isthmus_leader 0$/m)
    await stop(first)
    const writes = watchWrites()
    await stop(second)
    assert.deepEqual(writes, [])
  })

  it('a clean stop is followed within 3 s, without a write', async () => {
    const first = await start()
    const second = await start()
    await first.idle()
    const writes = watchWrites()
    const from = performance.now()
    await stop(first)
    await leads(second)
    const took = performance.now() - from
    assert.ok(took < 3_000, `${Math.round(took)} ms`)
    await second.idle()
    assert.deepEqual(writes, [])
    await setEndpoint('10.2.0.3')
    await imported('10.2.0.3')
  })

  it('a crash is followed within 15 s, and what changed meanwhile is caught up with', async () => {
    const first = await start()
    const second = await start()
    await crash(first)
    const from = performance.now()
    await setEndpoint('10.2.0.4')
    await leads(second, 20_000)
    await imported('10.2.0.4')
    const took = performance.now() - from
    assert.ok(took < 15_000, `${Math.round(took)} ms`)
    assert.equal(first.status().leading, false)
  })

  it('a crash of an agent that is started again is over when it starts: the one before is known to be dead', async () => {
    const first = await start({ identity: 'here_1-x' })
    assert.equal(first.status().leader, 'here_1-x')
    await stop(first)
    const second = await start()
    // Its process ends without giving the Lease back: nobody renews what it held.
    const { spec } = await east().client.get(LEASES, 'isthmus-agent', AGENT_NAMESPACE)
    await stop(second)
    await east().client.patch(LEASES, 'isthmus-agent', AGENT_NAMESPACE, { spec })
    const from = performance.now()
    const third = await start()
    await leads(third)
    assert.ok(performance.now() - from < 5_000)
  })

  it('one that cannot renew stops writing before the other begins, and stands by from then on', async () => {
    const first = await start(FAST, 'first')
    const second = await start(FAST, 'second')
    const cut = east().server.faults.add({
      match: (attributes, { headers }) =>
        headers['user-agent'] === 'first' && 'resource' in attributes && attributes.resource === 'leases',
      effect: effects.stall(),
    })
    let both = 0
    await until('the second leads', () => {
      if (first.status().leading && second.status().leading) both++
      return second.status().leading
    })
    assert.equal(both, 0)
    assert.equal(first.status().leading, false)
    await until('the second is ready', () => second.ready)
    const writes = watchWrites()
    await setEndpoint('10.2.0.5')
    await imported('10.2.0.5')
    assert.equal(
      writes.filter(write => write.startsWith('update endpointslices')).length,
      1,
      writes.join('\n'),
    )
    cut.remove()
    await until('the first knows who leads', () => first.status().leader === second.status().leader)
    await stop(second)
    await leads(first)
    await setEndpoint('10.2.0.6')
    await imported('10.2.0.6')
  })

  it('that both believe they lead: they converge, lose nothing, and come to rest', async () => {
    const both = [await start('always'), await start('always')]
    const { client } = east()
    const uidOf = async () => (await client.get(SERVICE_IMPORTS, 'hello', 'demo')).metadata.uid
    const before = { uid: await uidOf(), ips: (await set.serviceImport('east', 'demo', 'hello'))?.spec.ips }
    const index = async () => (await client.get(EXPORT_INDEXES, 'index', EXCHANGE_NAMESPACE)).spec
    const sequences: number[] = []
    const lost = new Set<string>()
    let isChurning = true
    const watching = (async () => {
      while (isChurning) {
        const { sequence, services } = await index()
        sequences.push(sequence)
        if (!services.includes('demo/own')) lost.add('own left the index')
        if ((await set.reached('east', 'demo', 'hello')).length !== 1) lost.add('hello has not one endpoint')
        if ((await set.reached('west', 'demo', 'own')).length !== 1) lost.add('own has not one endpoint')
      }
    })()
    for (let round = 0; round < ROUNDS; round++) {
      await Promise.all([
        set.export('east', 'demo', `a-${round}`, ['10.1.0.2']),
        set.export('west', 'demo', `b-${round}`, ['10.2.0.2']),
        setEndpoint(`10.2.1.${round}`),
      ])
      if (round % 2 === 0) continue
      await Promise.all([
        set.unexport('east', 'demo', `a-${round}`),
        set.unexport('west', 'demo', `b-${round}`),
      ])
    }
    const wanted = Array.from({ length: ROUNDS / 2 }, (_, i) => `demo/a-${2 * i}`)
    const asItShouldBe = async () => {
      assert.deepEqual((await index()).services, ['demo/own', ...wanted].sort())
      for (let round = 0; round < ROUNDS; round++) {
        const count = round % 2 === 0 ? 1 : 0
        assert.equal((await set.reached('east', 'demo', `b-${round}`)).length, count, `b-${round}`)
        assert.equal((await set.reached('west', 'demo', `a-${round}`)).length, count, `a-${round}`)
      }
      assert.deepEqual(await set.reached('east', 'demo', 'hello'), [`west: 10.2.1.${ROUNDS - 1}`])
      return true
    }
    await until('all is as it should be', asItShouldBe, 20_000)
    isChurning = false
    await watching
    assert.deepEqual([...lost], [])
    assert.deepEqual(
      { uid: await uidOf(), ips: (await set.serviceImport('east', 'demo', 'hello'))?.spec.ips },
      before,
    )
    assert.deepEqual(
      sequences,
      sequences.toSorted((a, b) => a - b),
    )
    for (const agent of both) await agent.idle()
    const writes = watchWrites()
    const { sequence } = await index()
    await new Promise(resolve => setTimeout(resolve, 1_500))
    // What links remember is written a while later, by each once.
    const others = writes.filter(write => !write.endsWith('configmaps link-west'))
    assert.deepEqual(others, [])
    assert.ok(writes.length <= 2, writes.join('\n'))
    assert.equal((await index()).sequence, sequence)
    await asItShouldBe()
  })
})
