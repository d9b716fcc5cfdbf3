import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Lease } from '@isthmus/api'
import { ApiError } from '../client/api-error.ts'
import type { ClusterClient } from '../client/cluster-client.ts'
import { ManualClock } from '../testing/manual-clock.ts'
import { LeaderLease } from './leader-lease.ts'
import { decideLease } from './lease-record.ts'

/** The one Lease of a server, with versions and conflicts as an API server has them. */
class LeaseServer {
  lease: Lease | undefined
  writes = 0
  /** Identities whose requests fail. */
  readonly cutOff = new Set<string>()
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

function candidates(count: number) {
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
