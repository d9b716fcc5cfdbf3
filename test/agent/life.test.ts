/** How agents start and end, and how links come back. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { Agent } from '@isthmus/agent'
import { NAMESPACES } from '@isthmus/api'
import { ApiServer, effects } from '@isthmus/apiserver'
import { pino } from 'pino'
import { TestClusterSet } from '../fixtures/clusterset.ts'
import { until } from '../fixtures/until.ts'

describe('the life of an agent', () => {
  let set: TestClusterSet
  before(async () => {
    set = await TestClusterSet.start(['east', 'west'])
  })
  after(() => set.stop())

  it('ends in the midst of its start, whenever that is, and leaves nothing running', async () => {
    const { client, server } = set.member('east')
    await set.stopAgent('east')
    for (let turns = 0; turns < 60; turns += 3) {
      const agent = new Agent({
        clusterId: 'east',
        clusterset: 'test',
        client,
        peers: [{ clusterId: 'west', client: set.connect(set.member('west').url) }],
        log: pino({ level: 'silent' }),
      })
      const started = agent.start()
      for (let turn = 0; turn < turns; turn++) await new Promise(setImmediate)
      await agent.stop()
      await started
    }
    const requests: string[] = []
    const watched = server.faults.add({
      match: ({ verb }, { url }) => {
        requests.push(`${verb} ${url}`)
        return false
      },
      effect: effects.stall(),
    })
    // What was sent before the end may arrive after it.
    for (let seen = -1; seen !== requests.length; await new Promise(resolve => setTimeout(resolve, 100)))
      seen = requests.length
    requests.length = 0
    // Whatever still ran would follow this.
    server.local.create({ group: '', plural: 'namespaces' }, { metadata: { name: 'after' } })
    await client.get(NAMESPACES, 'after')
    await client.get(NAMESPACES, 'after')
    assert.deepEqual(requests, ['get /api/v1/namespaces/after', 'get /api/v1/namespaces/after'])
    watched.remove()
    await set.startAgent('east')
  })

  it('ends while its API server does not answer', async () => {
    const { server } = set.member('east')
    const agent = set.member('east').agent
    await until('ready', () => agent?.ready)
    const fault = server.faults.add({ effect: effects.stall() })
    const from = performance.now()
    await set.stopAgent('east')
    assert.ok(performance.now() - from < 5_000)
    fault.remove()
    await set.startAgent('east')
  })

  it('ends in the midst of a start that gets no answer', async () => {
    const { server } = set.member('east')
    await set.stopAgent('east')
    const fault = server.faults.add({ effect: effects.stall() })
    const started = set.startAgent('east')
    await until('it asks', () => fault.count > 0)
    const from = performance.now()
    await set.stopAgent('east')
    await started
    assert.ok(performance.now() - from < 1_000)
    fault.remove()
    await set.startAgent('east')
  })

  it('tells in a sentence why a peer cannot be read, once, and follows it soon after it is back', async () => {
    await set.namespace('demo', 'east', 'west')
    await set.export('east', 'demo', 'hello', ['10.1.0.1'])
    await until('reached', async () => (await set.reached('west', 'demo', 'hello')).length === 1)
    await set.stopAgent('west')
    const lines: { msg: string; state?: string; reason?: string }[] = []
    const { client } = set.member('west')
    const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
    const links = () => lines.filter(({ msg }) => msg === 'link').map(({ state, reason }) => [state, reason])
    const url = new URL(set.member('east').url)
    const agent = new Agent({
      clusterId: 'west',
      clusterset: 'test',
      client,
      peers: [{ clusterId: 'east', client: set.connect(url.href) }],
      log,
    })
    await agent.start()
    const link = () => agent.status().links[0]
    try {
      await until('it is told', () => links().at(-1)?.[0] === 'connected')
      await set.stopAgent('east')
      const state = set.member('east').server.storage.contents()
      await set.member('east').server.close()
      await until('it is told', () => link()?.reason === 'its API server refuses connections (ECONNREFUSED)')
      const back = new ApiServer({ serviceCIDRs: ['10.90.0.0/16'] })
      back.storage.restore(state)
      await back.listen({ port: Number(url.port) })
      try {
        const from = performance.now()
        await until('connected again', () => link()?.state === 'connected')
        const took = performance.now() - from
        assert.ok(took < 3_000, `within ${Math.round(took)} ms`)
        await until('it is told', () => links().at(-1)?.[0] === 'connected')
        assert.deepEqual(
          links().map(([state]) => state),
          ['connecting', 'connected', 'degraded', 'connected'],
        )
        assert.deepEqual(await set.reached('west', 'demo', 'hello'), ['east: 10.1.0.1'])
      } finally {
        await back.close()
      }
    } finally {
      await agent.stop()
    }
  })
})

it('an agent is not ready while its own API server is away: it says since when and why, and tells of it once', async context => {
  const set = await TestClusterSet.start(['east', 'west'])
  context.after(() => set.stop())
  await set.namespace('away', 'east', 'west')
  await set.stopAgent('west')
  const lines: { level: number; msg: string; why?: string }[] = []
  const log = pino({ level: 'info' }, { write: (line: string) => void lines.push(JSON.parse(line)) })
  const member = set.member('west')
  const peers = [{ clusterId: 'east', client: set.connect(set.member('east').url) }]
  const agent = new Agent({ clusterId: 'west', clusterset: 'test', client: member.client, peers, log })
  await agent.start()
  try {
    await until('ready', () => agent.ready)
    const state = member.server.storage.contents()
    await member.server.close()
    const told = /services.* cannot be followed since \d{4}-\d\d-\d\dT.*Z: the connection was refused/
    await until('it says so', () => agent.status().reasons.some(reason => told.test(reason)))
    // Something to write, in vain.
    for (let n = 0; n < 10; n++) await set.export('east', 'away', `s-${n}`, ['10.1.0.1'])
    await until('it is told', () => lines.some(({ msg }) => msg.startsWith('own cluster: ')))
    await new Promise(resolve => setTimeout(resolve, 1_000))
    const warnings = lines.filter(
      ({ level, why }) => level >= 40 && why?.includes('the connection was refused'),
    )
    assert.ok(warnings.length <= 4, warnings.map(line => JSON.stringify(line)).join('\n'))
    assert.ok(
      lines.every(line => !JSON.stringify(line).includes('    at ')),
      'a stack',
    )
    const back = new ApiServer({ serviceCIDRs: ['10.91.0.0/16'] })
    back.storage.restore(state)
    await back.listen({ port: Number(new URL(member.url).port) })
    try {
      await until('ready again', () => agent.ready)
    } finally {
      await agent.stop()
      await back.close()
    }
  } finally {
    await agent.stop()
  }
})
