import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Endpoint, EndpointSlice } from '@isthmus/api'
import { namesOfService } from '@isthmus/core'
import fc from 'fast-check'
import { headless, slice } from '../testing/zone-fixture.ts'
import { areSameSlices, trimSlice, wholeSlice } from './watched-slice.ts'

const endpoint: fc.Arbitrary<Endpoint> = fc.record(
  {
    addresses: fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), fc.string()), { maxLength: 3 }),
    hostname: fc.constantFrom('', 'pod-0', 'pod-1'),
    conditions: fc.record({ ready: fc.boolean() }, { requiredKeys: [] }),
    nodeName: fc.string(),
    zone: fc.string(),
  },
  { requiredKeys: ['addresses'] },
)
const endpoints = fc.array(endpoint, { maxLength: 6 })
const ports = fc.array(
  fc.record({ name: fc.constantFrom('http', ''), port: fc.nat(70_000) }, { requiredKeys: [] }),
  { maxLength: 3 },
)

describe('a slice that is kept', () => {
  it('makes the same names as it did before', () => {
    fc.assert(
      fc.property(endpoints, fc.option(ports, { nil: undefined }), (endpoints, ports) => {
        const { ports: _, ...rest } = slice('many', 0)
        const whole = { ...rest, endpoints, ...(ports && { ports }) } as EndpointSlice
        const kept = trimSlice(structuredClone(whole))
        const names = (some: EndpointSlice) => namesOfService(headless('many'), [some])
        assert.deepEqual(names(wholeSlice(kept)), names(whole))
      }),
    )
  })

  it('is the same when a change makes no other names, and another when it does', () => {
    const whole = slice('many', 3)
    const [first, ...others] = whole.endpoints ?? []
    const changed = (change: Partial<EndpointSlice>) =>
      !areSameSlices(trimSlice(whole), trimSlice({ ...whole, ...change }))
    assert.ok(!changed({ metadata: { ...whole.metadata, resourceVersion: '7', annotations: { a: 'b' } } }))
    assert.ok(!changed({ endpoints: [{ ...(first as Endpoint), nodeName: 'n', zone: 'z' }, ...others] }))
    assert.ok(changed({ endpoints: others }))
    assert.ok(changed({ endpoints: [{ ...(first as Endpoint), conditions: { ready: false } }, ...others] }))
    assert.ok(changed({ ports: [{ name: 'http', port: 81 }] }))
    const labels = { ...whole.metadata.labels, 'multicluster.kubernetes.io/source-cluster': 'west' }
    assert.ok(changed({ metadata: { ...whole.metadata, labels } }))
  })
})
