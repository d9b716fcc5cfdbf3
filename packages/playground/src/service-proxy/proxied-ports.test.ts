import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { EndpointSlice, Service } from '@isthmus/api'
import { proxiedPorts, serviceOf } from './proxied-ports.ts'

const node = { name: 'east-1', zone: 'east-a' }

const service = (spec: Service['spec'], labels?: Record<string, string>): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'demo', name: 'hello', ...(labels && { labels }) },
  spec: { clusterIP: '127.64.8.10', ...spec },
})

const slice = (
  name: string,
  ports: EndpointSlice['ports'],
  addresses: string[],
  labels: Record<string, string> = { 'kubernetes.io/service-name': 'hello' },
): EndpointSlice => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace: 'demo', name, labels },
  addressType: 'IPv4',
  ports: ports ?? [],
  endpoints: addresses.map(address => ({ addresses: [address] })),
})

const reached = (given: Service, slices: EndpointSlice[]) =>
  proxiedPorts(given, slices, node).map(({ key, endpoints }) => ({ key, to: endpoints.map(one => one.key) }))

test('ports are joined by name, whatever their numbers', () => {
  const two = service({
    ports: [
      { name: 'http', port: 80 },
      { name: 'dns', port: 53, protocol: 'UDP' },
    ],
  })
  assert.deepEqual(
    reached(two, [
      slice('b', [{ name: 'http', port: 8080 }], ['10.64.0.3', '10.64.0.2']),
      slice(
        'a',
        [
          { name: 'http', port: 9090 },
          { name: 'dns', port: 5353, protocol: 'UDP' },
        ],
        ['10.64.16.2'],
      ),
      slice('c', [{ name: 'other', port: 1 }], ['10.64.0.9']),
    ]),
    [
      { key: 'TCP 127.64.8.10:80', to: ['10.64.16.2:9090', '10.64.0.3:8080', '10.64.0.2:8080'] },
      { key: 'UDP 127.64.8.10:53', to: ['10.64.16.2:5353'] },
    ],
  )
})

test('the port without a name is joined with that of slices; an endpoint in two slices counts once', () => {
  assert.deepEqual(
    reached(service({ ports: [{ port: 80 }] }), [
      slice('a', [{ name: '', port: 8080 }], ['10.64.0.2']),
      slice('b', [{ port: 8080 }], ['10.64.0.2', '10.64.0.3']),
    ]),
    [{ key: 'TCP 127.64.8.10:80', to: ['10.64.0.2:8080', '10.64.0.3:8080'] }],
  )
})

for (const [what, given] of Object.entries({
  'headless ones': service({ clusterIP: 'None', ports: [{ port: 80 }] }),
  'those whose address is not of this machine': service({ clusterIP: '10.96.0.1', ports: [{ port: 80 }] }),
  'those of another proxy': service(
    { ports: [{ port: 80 }] },
    { 'service.kubernetes.io/service-proxy-name': 'x' },
  ),
  'external names': service({ type: 'ExternalName', externalName: 'example.com', ports: [{ port: 80 }] }),
  'ports of SCTP': service({ ports: [{ port: 80, protocol: 'SCTP' }] }),
})) {
  test(`Services that are not proxied: ${what}`, () => assert.deepEqual(proxiedPorts(given, [], node), []))
}

test('affinity has a timeout in milliseconds, three hours if none is given', () => {
  const affinityOf = (spec: Service['spec']) =>
    proxiedPorts(service({ ports: [{ port: 80 }], ...spec }), [], node)[0]?.affinityMs
  assert.equal(affinityOf({}), undefined)
  assert.equal(affinityOf({ sessionAffinity: 'ClientIP' }), 10_800_000)
  const sessionAffinityConfig = { clientIP: { timeoutSeconds: 5 } }
  assert.equal(affinityOf({ sessionAffinity: 'ClientIP', sessionAffinityConfig }), 5000)
})

test('slices of no Service, of a headless import and of another address type are passed over', () => {
  assert.equal(serviceOf(slice('a', [], [])), 'demo/hello')
  assert.equal(serviceOf(slice('a', [], [], {})), undefined)
  assert.equal(
    serviceOf(
      slice('a', [], [], { 'kubernetes.io/service-name': 'hello', 'service.kubernetes.io/headless': '' }),
    ),
    undefined,
  )
  assert.equal(serviceOf({ ...slice('a', [], []), addressType: 'IPv6' }), undefined)
})
