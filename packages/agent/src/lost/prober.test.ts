import assert from 'node:assert/strict'
import { createServer } from 'node:net'
import { afterEach, describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { EndpointSlice } from '@isthmus/api'
import { Prober } from './prober.ts'
import { tcpProbe } from './tcp-probe.ts'

const slice: EndpointSlice = {
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace: 'demo', name: 's', labels: { 'multicluster.kubernetes.io/service-name': 'hello' } },
  addressType: 'IPv4',
  ports: [{ name: 'http', port: 80 }],
  endpoints: ['10.1.0.1', '10.1.0.2', '10.1.0.3', '10.1.0.4'].map(address => ({ addresses: [address] })),
}

const stops: Prober[] = []
afterEach(async () => {
  for (const prober of stops.splice(0)) await prober.stop()
})

function proberOf(answers: { all: boolean }, slices = [slice]) {
  const probed: boolean[] = []
  let now = 0
  let rounds = Promise.withResolvers<void>()
  const prober = new Prober({
    slicesOf: () => slices,
    clock: () => now,
    onProbe: (_, isAnswered) => probed.push(isAnswered),
    onRound: () => rounds.resolve(),
    probe: async () => answers.all,
  })
  stops.push(prober)
  return {
    prober,
    probed,
    /** A look so many milliseconds later, and the round that begins with it. */
    async round(ms: number, isWell = false) {
      now += ms
      rounds = Promise.withResolvers()
      prober.look('east', isWell)
      await rounds.promise
      await Promise.resolve()
    },
    look(ms: number, isWell = false) {
      now += ms
      prober.look('east', isWell)
    },
  }
}

describe('a prober', () => {
  it('says nothing of a member before its endpoints have answered', async () => {
    const answers = { all: false }
    const { prober, round } = proberOf(answers)
    await round(0)
    assert.equal(prober.isAnswered('east'), undefined)
    answers.all = true
    await round(5_000)
    assert.equal(prober.isAnswered('east'), true)
    answers.all = false
    await round(5_000)
    assert.equal(prober.isAnswered('east'), false)
  })

  it('goes on from what the process before knew', async () => {
    const { prober, round } = proberOf({ all: false })
    prober.recall('east')
    await round(0)
    assert.equal(prober.isAnswered('east'), false)
  })

  it('tries three at a time: every five seconds, and every minute while all is well', async () => {
    const { probed, round, look } = proberOf({ all: true })
    await round(0, true)
    assert.equal(probed.length, 3)
    look(59_000, true)
    assert.equal(probed.length, 3)
    await round(0, false)
    assert.equal(probed.length, 6)
  })

  it('learns nothing where there is no endpoint', () => {
    const { prober, look, probed } = proberOf({ all: true }, [])
    look(0)
    assert.equal(prober.isAnswered('east'), undefined)
    assert.deepEqual(probed, [])
  })
})

it('a member whose endpoints are all gone is not one that answers, however long ago it did', async () => {
  const answers = { all: true }
  const slices = [slice]
  const { prober, round, look } = proberOf(answers, slices)
  await round(0)
  assert.equal(prober.isAnswered('east'), true)
  slices[0] = { ...slice, endpoints: [] }
  look(5_000)
  await setImmediate()
  assert.equal(prober.isAnswered('east'), undefined)
  // That probes can work from here is still known.
  slices[0] = slice
  answers.all = false
  await round(5_000)
  assert.equal(prober.isAnswered('east'), false)
})

describe('a TCP probe', () => {
  const { signal } = new AbortController()

  it('is answered where something listens, and sends nothing', async () => {
    let received = 0
    const server = createServer(socket => {
      socket.on('data', () => received++)
      socket.on('error', () => {})
    })
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const address = server.address()
    assert.ok(typeof address === 'object' && address !== null)
    const target = { address: '127.0.0.1', port: address.port }
    assert.equal(await tcpProbe(target, signal), true)
    await new Promise(resolve => server.close(resolve))
    assert.equal(received, 0)
    assert.equal(await tcpProbe(target, signal), false)
  })

  it('ends with the agent', async () => {
    const ending = new AbortController()
    const probe = tcpProbe({ address: '127.0.0.1', port: 9 }, ending.signal)
    ending.abort()
    assert.equal(await probe, false)
  })
})
