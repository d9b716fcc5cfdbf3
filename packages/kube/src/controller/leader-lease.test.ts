import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import type { Lease } from '@isthmus/api'
import { ApiError } from '../client/api-error.ts'
import type { ClusterClient } from '../client/cluster-client.ts'
import { ManualClock } from '../testing/manual-clock.ts'
import { LeaderLease, type LeaderLeaseOptions } from './leader-lease.ts'
import { decideLease } from './lease-record.ts'

/** The one Lease of a server, with versions and conflicts as an API server has them. */
class LeaseServer {
  lease: Lease | undefined
  writes = 0
  /** Identities whose requests fail. */
  readonly cutOff = new Set<string>()
  /** What is written is stored, but nobody is told. */
  losesAnswers = false
  #version = 0

  clientOf(identity: string): ClusterClient {
    const reach = () => {
      if (this.cutOff.has(identity)) throw new Error('cut off')
    }
    const refuse = (code: number, reason: string) =>
      new ApiError(code, reason, { status: { apiVersion: 'v1', kind: 'Status', reason } })
    const store = (lease: Lease) => {
      this.writes++
      const metadata = { ...lease.metadata, resourceVersion: String(++this.#version) }
      this.lease = structuredClone({ ...lease, metadata })
      if (this.losesAnswers) throw new Error('the answer is lost')
      return structuredClone(this.lease)
    }
    const client = {
      get: async () => {
        reach()
        if (this.lease === undefined) throw refuse(404, 'NotFound')
        return structuredClone(this.lease)
      },
      create: async (_: unknown, lease: Lease) => {
        reach()
        if (this.lease !== undefined) throw refuse(409, 'AlreadyExists')
        return store(lease)
      },
      update: async (_: unknown, lease: Lease) => {
        reach()
        if (this.lease === undefined) throw refuse(404, 'NotFound')
        if (lease.metadata.resourceVersion !== this.lease.metadata.resourceVersion)
          throw refuse(409, 'Conflict')
        return store(lease)
      },
    }
    return client as unknown as ClusterClient
  }
}

function candidates(count: number, options: Partial<LeaderLeaseOptions> = {}) {
  const server = new LeaseServer()
  const clock = new ManualClock()
  const leases = Array.from({ length: count }, (_, index) => {
    const identity = `agent-${index}`
    const client = server.clientOf(identity)
    return new LeaderLease({
      client,
      namespace: 'isthmus-system',
      name: 'agent',
      identity,
      clock,
      random: () => 0.5,
      ...options,
    })
  })
  const leaders = () => leases.flatMap((lease, index) => (lease.leading ? [index] : []))
  return { server, clock, leases, leaders }
}

test('one of several leads, renews, and the others know who it is', async () => {
  const { server, clock, leases, leaders } = candidates(3)
  for (const lease of leases) lease.start()
  await clock.pass(10_000)
  assert.equal(leaders().length, 1)
  const [leader] = leaders()
  for (const lease of leases) assert.equal(lease.holder, `agent-${leader}`)
  const renewed = server.lease?.spec?.renewTime
  assert.match(renewed ?? '', /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/)
  await clock.pass(60_000)
  assert.deepEqual(leaders(), [leader])
  assert.notEqual(server.lease?.spec?.renewTime, renewed)
  assert.equal(server.lease?.spec?.leaseTransitions, 0)
  await Promise.all(leases.map(lease => lease.stop()))
})

test('a leader that is cut off gives up before another takes over', async () => {
  const { server, clock, leases, leaders } = candidates(2)
  for (const lease of leases) lease.start()
  await clock.pass(5000)
  const [first = 0] = leaders()
  const heard: boolean[] = []
  leases[first]?.subscribe(leading => heard.push(leading))
  server.cutOff.add(`agent-${first}`)
  for (let second = 0; second < 40; second++) {
    await clock.pass(1000)
    assert.ok(leaders().length <= 1, 'two leaders')
  }
  assert.deepEqual(leaders(), [1 - first])
  assert.deepEqual(heard, [false])
  assert.equal(server.lease?.spec?.leaseTransitions, 1)
  server.cutOff.clear()
  await clock.pass(10_000)
  assert.deepEqual(leaders(), [1 - first])
  await Promise.all(leases.map(lease => lease.stop()))
})

test('a leader that stops gives the Lease back, and the next one need not wait', async () => {
  const { server, clock, leases, leaders } = candidates(2)
  for (const lease of leases) lease.start()
  await clock.pass(5000)
  const [first = 0] = leaders()
  await leases[first]?.stop()
  assert.equal(server.lease?.spec?.holderIdentity, '')
  await clock.pass(5000)
  assert.deepEqual(leaders(), [1 - first])
  await Promise.all(leases.map(lease => lease.stop()))
})

test('a leader whose Lease was taken or removed finds out when it renews', async () => {
  const { server, clock, leases, leaders } = candidates(1)
  leases[0]?.start()
  await clock.pass(1000)
  assert.deepEqual(leaders(), [0])
  const { metadata, spec } = server.lease ?? assert.fail()
  const taken = { ...spec, holderIdentity: 'somebody else' }
  server.lease = {
    apiVersion: 'v1',
    kind: 'Lease',
    metadata: { ...metadata, resourceVersion: 'x' },
    spec: taken,
  }
  await clock.pass(3000)
  assert.deepEqual(leaders(), [])
  server.lease = undefined
  await clock.pass(5000)
  assert.deepEqual(leaders(), [0])
  await leases[0]?.stop()
})

test('tells when another one holds it', async () => {
  const holders: (string | undefined)[] = []
  const { clock, leases } = candidates(2, { onHolder: holder => void holders.push(holder) })
  leases[0]?.start()
  await clock.pass(100)
  leases[1]?.start()
  await clock.pass(10_000)
  assert.deepEqual(holders, ['agent-0', 'agent-0'])
  await leases[0]?.stop()
  await clock.pass(5_000)
  assert.deepEqual(holders, ['agent-0', 'agent-0', 'agent-1'])
  await leases[1]?.stop()
})

test('the end of a Lease is counted from when it was seen to change, not from the times in it', () => {
  const candidate = { identity: 'me', leaseDurationMs: 15_000 }
  const lease: Lease = {
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {},
    spec: { holderIdentity: 'other', leaseDurationSeconds: 20, renewTime: '1999-01-01T00:00:00.000000Z' },
  }
  const observed = { lease, changedAt: 1000 }
  assert.deepEqual(decideLease(observed, candidate, 2000, 0), { kind: 'wait', ms: 19_000 })
  assert.equal(decideLease(observed, candidate, 20_999, 0).kind, 'wait')
  const decision = decideLease(observed, candidate, 21_000, 0)
  assert.deepEqual(decision, {
    kind: 'hold',
    spec: {
      holderIdentity: 'me',
      leaseDurationSeconds: 15,
      acquireTime: '1970-01-01T00:00:00.000000Z',
      renewTime: '1970-01-01T00:00:00.000000Z',
      leaseTransitions: 1,
    },
  })
})

describe('with the times of an agent', () => {
  const times = { leaseDurationMs: 10_000, renewDeadlineMs: 7_000, retryPeriodMs: 2_000, pollPeriodMs: 1_000 }
  const takeover = async (endedAt: number, end: (c: ReturnType<typeof candidates>) => Promise<void>) => {
    const all = candidates(2, times)
    const { clock, leases, leaders } = all
    leases[0]?.start()
    await clock.pass(100)
    leases[1]?.start()
    await clock.pass(endedAt)
    assert.deepEqual(leaders(), [0])
    const from = clock.elapsed()
    await end(all)
    while (!leases[1]?.leading) {
      await clock.pass(50)
      assert.ok(clock.elapsed() - from < 20_000, 'nobody takes over')
      assert.ok(leaders().length <= 1, 'two leaders')
    }
    await Promise.all(leases.map(lease => lease.stop()))
    return clock.elapsed() - from
  }

  // Right before a renewal, after it, and between two.
  for (const endedAt of [9_850, 9_950, 10_900]) {
    test(`a crash after ${endedAt} ms is followed within 15 s`, async () => {
      const took = await takeover(endedAt, async ({ server }) => void server.cutOff.add('agent-0'))
      assert.ok(took > 7_000 && took < 15_000, `${took} ms`)
    })

    test(`a clean stop after ${endedAt} ms is followed within 3 s`, async () => {
      const took = await takeover(endedAt, async ({ leases }) => leases[0]?.stop())
      assert.ok(took < 3_000, `${took} ms`)
    })
  }

  test('one that is known to be dead is followed at once', async () => {
    const { clock, leases, leaders, server } = candidates(2, {
      ...times,
      isDead: holder => holder === 'killed',
    })
    const spec = { holderIdentity: 'killed', leaseDurationSeconds: 10 }
    server.lease = {
      apiVersion: 'coordination.k8s.io/v1',
      kind: 'Lease',
      metadata: { resourceVersion: 'x' },
      spec,
    }
    for (const lease of leases) lease.start()
    await clock.pass(10)
    assert.equal(leaders().length, 1)
    await Promise.all(leases.map(lease => lease.stop()))
  })

  test('whoever was paused for long does not lead when it goes on', async () => {
    const { clock, leases, server } = candidates(1, times)
    leases[0]?.start()
    await clock.pass(5_000)
    const heard: boolean[] = []
    leases[0]?.subscribe(leading => heard.push(leading))
    clock.skip(8_000)
    assert.equal(leases[0]?.leading, false)
    assert.deepEqual(heard, [], 'before any timer')
    await clock.pass(3_000)
    assert.equal(leases[0]?.leading, true)
    assert.equal(server.lease?.spec?.holderIdentity, 'agent-0')
    await leases[0]?.stop()
  })

  test('a renewal whose answer is lost leaves no Lease of nobody', async () => {
    const { clock, leases, server } = candidates(1, times)
    leases[0]?.start()
    await clock.pass(3_000)
    server.losesAnswers = true
    await clock.pass(2_000)
    server.losesAnswers = false
    await leases[0]?.stop()
    assert.equal(server.lease?.spec?.holderIdentity, '')
  })
})
