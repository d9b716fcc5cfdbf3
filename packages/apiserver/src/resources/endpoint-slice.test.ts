import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { fillEndpointSlice } from './endpoint-slice-defaults.ts'
import type { EndpointSlice } from './endpoint-slice-spec.ts'
import { endpointSliceErrors } from './endpoint-slice-validation.ts'

function slice(fields: object): EndpointSlice {
  const object = {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { name: 'x', namespace: 'n', uid: 'u', resourceVersion: '1', creationTimestamp: 't' },
    addressType: 'IPv4',
    ...fields,
  } as unknown as EndpointSlice
  fillEndpointSlice(object)
  return object
}

const endpoint = (address: string, more: object = {}) => ({ addresses: [address], ...more })

const REFUSED: { name: string; fields: object; errors: string[] }[] = [
  {
    name: 'multicast beyond the link-local range is let through, as in Kubernetes',
    fields: { endpoints: [endpoint('224.0.1.1')] },
    errors: [],
  },
  {
    name: 'a loopback address of the wrong family',
    fields: { endpoints: [endpoint('::1')] },
    errors: [
      'endpoints[0].addresses: Invalid value: "::1": must be an IPv4 address',
      'endpoints[0].addresses[0]: Invalid value: "::1": may not be in the loopback range (127.0.0.0/8, ::1/128)',
    ],
  },
  {
    name: 'an IPv4 address in an IPv6 one',
    fields: { addressType: 'IPv6', endpoints: [endpoint('::ffff:192.0.2.1')] },
    errors: [
      'endpoints[0].addresses[0]: Invalid value: "::ffff:192.0.2.1": must not be an IPv4-mapped IPv6 address',
    ],
  },
  {
    name: 'leading zeros',
    fields: { endpoints: [endpoint('192.0.02.1')] },
    errors: ['endpoints[0].addresses[0]: Invalid value: "192.0.02.1": must not have leading 0s'],
  },
  {
    name: 'more than 1000 endpoints',
    fields: { endpoints: Array.from({ length: 1001 }, () => endpoint('192.0.2.1')) },
    errors: ['endpoints: Too many: 1001: must have at most 1000 items'],
  },
  {
    name: 'more than 100 addresses',
    fields: { endpoints: [{ addresses: Array.from({ length: 101 }, () => '192.0.2.1') }] },
    errors: ['endpoints[0].addresses: Too many: 101: must have at most 100 items'],
  },
  {
    name: 'a name without a dot',
    fields: { addressType: 'FQDN', endpoints: [endpoint('host')] },
    errors: [
      'endpoints[0].addresses[0]: Invalid value: "host": should be a domain with at least two segments separated by dots',
    ],
  },
  {
    name: 'a node twice in the hints',
    fields: { endpoints: [endpoint('192.0.2.1', { hints: { forNodes: [{ name: 'a' }, { name: 'a' }] } })] },
    errors: ['endpoints[0].hints.forNodes[1].name: Duplicate value: "a"'],
  },
]

describe('EndpointSlices', () => {
  for (const { name, fields, errors } of REFUSED) {
    test(name, () => {
      const found = endpointSliceErrors(slice(fields), undefined).map(e => `${e.field}: ${e.message}`)
      assert.deepEqual(found, errors)
    })
  }

  test('defaults', () => {
    const { endpoints, ports } = slice({
      endpoints: [{ addresses: ['192.0.2.1'], deprecatedTopology: { a: 'b' } }],
      ports: [{ port: 80 }],
    })
    assert.deepEqual(endpoints, [{ addresses: ['192.0.2.1'], conditions: {} }])
    assert.deepEqual(ports, [{ name: '', protocol: 'TCP', port: 80 }])
    assert.equal(slice({ endpoints: [] }).endpoints, null)
    assert.equal(slice({}).ports, null)
  })

  test('addressType stays', () => {
    const errors = endpointSliceErrors(slice({ addressType: 'IPv6' }), slice({}))
    assert.deepEqual(
      errors.map(e => `${e.field}: ${e.message}`),
      ['addressType: Invalid value: "IPv6": field is immutable'],
    )
  })
})
