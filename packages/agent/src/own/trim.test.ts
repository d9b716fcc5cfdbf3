import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { EndpointSlice } from '@isthmus/api'
import { trimSlice } from './trim.ts'

const slice = (endpoints: EndpointSlice['endpoints']): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace: 'demo', name: 'hello-x' },
  addressType: 'IPv4',
  ports: [],
  endpoints,
})
/** As it comes from a server: every text is one of its own. */
const endpoint = (ready = true) =>
  JSON.parse(
    JSON.stringify({
      addresses: ['10.1.0.1'],
      conditions: { ready, serving: true, terminating: false },
      nodeName: 'node-1',
      targetRef: { kind: 'Pod', name: 'hello-1' },
      zone: 'z1',
      hints: { forZones: [{ name: 'z1' }] },
    }),
  )

describe('of a slice', () => {
  it('all is kept but which pod an endpoint is', () => {
    const { targetRef: _, ...rest } = endpoint()
    assert.deepEqual(trimSlice(slice([endpoint()])).endpoints, [rest])
    assert.deepEqual(trimSlice(slice([{ addresses: ['10.1.0.1'] }])).endpoints, [{ addresses: ['10.1.0.1'] }])
    assert.deepEqual(trimSlice(slice(null as unknown as [])).endpoints, [])
  })

  it('conditions that are equal are one and the same, and others are not', () => {
    const [a, b, c] = trimSlice(slice([endpoint(), endpoint(), endpoint(false)])).endpoints
    assert.equal(a?.conditions, b?.conditions)
    assert.deepEqual(c?.conditions, { ready: false, serving: true, terminating: false })
  })
})
