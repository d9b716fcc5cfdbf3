import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { ExportedEndpoints } from '@isthmus/api'
import { PeerTime } from './peer-time.ts'

function chunk(changedAt?: string): ExportedEndpoints {
  const annotations = changedAt === undefined ? {} : { 'isthmus.dev/changed-at': changedAt }
  const spec = {
    service: { namespace: 'demo', name: 'hello' },
    addressType: 'IPv4' as const,
    ports: [],
    endpoints: [],
  }
  return {
    apiVersion: 'isthmus.dev/v1alpha1',
    kind: 'ExportedEndpoints',
    metadata: { name: 'c', annotations },
    spec,
  }
}

it('tells when a chunk changed, once', () => {
  const time = new PeerTime(() => 0)
  time.changed(chunk('2026-11-22T08:00:00.250Z'), undefined)
  assert.equal(time.take('c'), Date.parse('2026-11-22T08:00:00.250Z'))
  assert.equal(time.take('c'), undefined)
})

it('does not take the time of an earlier change for that of a later one', () => {
  const time = new PeerTime(() => 0)
  time.changed(chunk('2026-11-22T08:00:00Z'), undefined)
  time.changed(chunk(), chunk('2026-11-22T08:00:00Z'))
  assert.equal(time.take('c'), undefined)
  time.changed(chunk('nonsense'), chunk())
  assert.equal(time.take('c'), undefined)
})

it('shows how far the clocks are apart', () => {
  const time = new PeerTime(() => Date.parse('2026-11-22T08:00:10Z'))
  const lease = (renewTime?: string) => ({
    apiVersion: 'coordination.k8s.io/v1',
    kind: 'Lease',
    metadata: {},
    spec: renewTime === undefined ? {} : { renewTime },
  })
  time.renewed(lease())
  assert.equal(time.offset, undefined)
  time.renewed(lease('2026-11-22T08:10:00.000000Z'))
  assert.equal(time.offset, -590_000)
})

it('takes no harm from a time that is none', () => {
  const time = new PeerTime(() => 0)
  const lease = { apiVersion: 'coordination.k8s.io/v1', kind: 'Lease', metadata: {} }
  // As JSON may have it: what cannot be made a string throws where it is taken for one.
  const renewTime = { toString: 1, valueOf: 1 } as unknown as string
  time.renewed({ ...lease, spec: { renewTime } })
  assert.equal(time.offset, undefined)
})
