import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Endpoint, EndpointPort, EndpointSlice, ServiceImport, ServiceImportSpec } from '@isthmus/api'
import fc from 'fast-check'
import { namesOfService, type ZoneName } from './index.ts'

const HTTP: EndpointPort = { name: 'http', protocol: 'TCP', port: 80 }

function serviceImport(spec: Partial<ServiceImportSpec>): ServiceImport {
  return {
    apiVersion: 'multicluster.x-k8s.io/v1beta1',
    kind: 'ServiceImport',
    metadata: { namespace: 'demo', name: 'hello' },
    spec: { type: 'Headless', ports: [], ...spec },
  }
}

function slice(cluster: string, endpoints: Endpoint[], rest: Partial<EndpointSlice> = {}): EndpointSlice {
  const labels = { 'multicluster.kubernetes.io/source-cluster': cluster }
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: { namespace: 'demo', name: 'a-slice', labels },
    addressType: 'IPv4',
    ports: [HTTP],
    endpoints,
    ...rest,
  }
}

const pod = (hostname: string, ...addresses: string[]): Endpoint => ({ hostname, addresses })
const withoutHostname = (...addresses: string[]): Endpoint => ({ addresses })

/** `name TYPE data`, without the service's own part of names. */
function lines(names: readonly ZoneName[]): string[] {
  const short = (name: string) => (name === 'hello.demo.svc' ? '@' : name.replace('.hello.demo.svc', ''))
  return names.flatMap(({ name, records }) =>
    records.length === 0
      ? [short(name)]
      : records.map(record => {
          if (record.type === 'SRV')
            return `${short(name)} SRV ${record.weight} ${record.port} ${short(record.target)}`
          return `${short(name)} ${record.type} ${'address' in record ? record.address : ''}`
        }),
  )
}

interface Scenario {
  what: string
  spec: Partial<ServiceImportSpec>
  slices?: EndpointSlice[]
  names: string[]
}

const SCENARIOS: Scenario[] = [
  {
    what: 'a ClusterSetIP import has its addresses, and an SRV record per port',
    spec: { type: 'ClusterSetIP', ips: ['10.0.0.1', 'fd00::1'], ports: [{ name: 'http', port: 80 }] },
    names: [
      '@ A 10.0.0.1',
      '@ AAAA fd00::1',
      '@ SRV 50 80 @',
      '_http._tcp A 10.0.0.1',
      '_http._tcp AAAA fd00::1',
      '_http._tcp SRV 50 80 @',
    ],
  },
  {
    what: 'endpoints of a ClusterSetIP import have no names',
    spec: { type: 'ClusterSetIP', ips: ['10.0.0.1'], ports: [{ port: 80 }] },
    slices: [slice('east', [pod('a', '192.0.2.1')])],
    names: ['@ A 10.0.0.1', '@ SRV 100 80 @'],
  },
  {
    what: 'an import that waits for its address exists, and so do its ports',
    spec: { type: 'ClusterSetIP', ports: [{ name: 'http', port: 80 }] },
    names: ['@', '_http._tcp'],
  },
  {
    what: 'a ClusterSetIP import without ports leads nowhere',
    spec: { type: 'ClusterSetIP', ips: ['10.0.0.1'], ports: [] },
    names: [],
  },
  {
    what: 'what is no address and no port is left out',
    spec: {
      type: 'ClusterSetIP',
      ips: ['10.0.0.256', 'fe80::1%eth0', '10.0.0.1'],
      ports: [{ port: 80 }, { name: 'x', port: 65_536 }, { name: 'y', port: -1 }],
    },
    names: ['@ A 10.0.0.1', '@ SRV 100 80 @'],
  },
  {
    what: 'ports of one number share an SRV record, and still count for the weight',
    spec: {
      type: 'ClusterSetIP',
      ips: ['10.0.0.1'],
      ports: [
        { name: 'dns', protocol: 'UDP', port: 53 },
        { name: 'dns-tcp', port: 53 },
      ],
    },
    names: [
      '@ A 10.0.0.1',
      '@ SRV 50 53 @',
      '_dns._udp A 10.0.0.1',
      '_dns._udp SRV 100 53 @',
      '_dns-tcp._tcp A 10.0.0.1',
      '_dns-tcp._tcp SRV 100 53 @',
    ],
  },
  {
    what: 'hostnames are names below their cluster, which is none itself',
    spec: {},
    slices: [slice('east', [pod('a', '192.0.2.1')]), slice('west', [pod('a', '192.0.2.2')])],
    names: [
      '@ A 192.0.2.1',
      '@ A 192.0.2.2',
      '@ SRV 50 80 a.east',
      '@ SRV 50 80 a.west',
      '_http._tcp A 192.0.2.1',
      '_http._tcp A 192.0.2.2',
      '_http._tcp SRV 50 80 a.east',
      '_http._tcp SRV 50 80 a.west',
      'a.east A 192.0.2.1',
      'a.east SRV 100 80 a.east',
      'a.west A 192.0.2.2',
      'a.west SRV 100 80 a.west',
    ],
  },
  {
    what: 'an endpoint without a hostname is called by its address',
    spec: {},
    slices: [
      slice('east', [withoutHostname('192.0.2.1')], { ports: [] }),
      slice('east', [withoutHostname('2001:DB8::')], { ports: [], addressType: 'IPv6' }),
    ],
    names: [
      '@ A 192.0.2.1',
      '@ AAAA 2001:DB8::',
      '192-0-2-1.east A 192.0.2.1',
      '2001-db8--0.east AAAA 2001:DB8::',
    ],
  },
  {
    what: 'only ready endpoints have names; unset is ready',
    spec: {},
    slices: [
      slice(
        'east',
        [
          { ...pod('ready', '192.0.2.1'), conditions: { ready: true } },
          { ...pod('unset', '192.0.2.2'), conditions: {} },
          { ...pod('not', '192.0.2.3'), conditions: { ready: false } },
          { ...pod('leaving', '192.0.2.4'), conditions: { ready: false, serving: true, terminating: true } },
        ],
        { ports: [] },
      ),
    ],
    names: ['@ A 192.0.2.1', '@ A 192.0.2.2', 'ready.east A 192.0.2.1', 'unset.east A 192.0.2.2'],
  },
  {
    what: 'a headless import without ready endpoints does not exist',
    spec: { ports: [{ name: 'http', port: 80 }] },
    slices: [slice('east', [{ ...pod('a', '192.0.2.1'), conditions: { ready: false } }])],
    names: [],
  },
  {
    what: 'an endpoint in two slices counts once, with the ports of both',
    spec: {},
    slices: [
      slice('east', [pod('a', '192.0.2.1')]),
      slice('east', [pod('a', '192.0.2.1')], { ports: [HTTP, { port: 9090 }] }),
    ],
    names: [
      '@ A 192.0.2.1',
      '@ SRV 50 80 a.east',
      '@ SRV 50 9090 a.east',
      '_http._tcp A 192.0.2.1',
      '_http._tcp SRV 100 80 a.east',
      'a.east A 192.0.2.1',
      'a.east SRV 50 80 a.east',
      'a.east SRV 50 9090 a.east',
    ],
  },
  {
    what: 'what cannot be a name is left out: slices without a cluster, impossible labels, FQDN slices',
    spec: {},
    slices: [
      slice('', [pod('a', '192.0.2.1')]),
      slice('a..b', [pod('a', '192.0.2.2')]),
      slice('east', [pod('x'.repeat(64), '192.0.2.3')]),
      slice('east', [pod('a', 'db.example.test')], { addressType: 'FQDN' }),
      slice('east', [pod('a', '192.0.2.4')], { ports: [{ name: 'x'.repeat(63), port: 80 }] }),
    ],
    names: ['@ A 192.0.2.4', '@ SRV 100 80 a.east', 'a.east A 192.0.2.4', 'a.east SRV 100 80 a.east'],
  },
]

describe('names of a service', () => {
  for (const { what, spec, slices = [], names } of SCENARIOS) {
    it(what, () => assert.deepEqual(lines(namesOfService(serviceImport(spec), slices)), names))
  }

  it('are none for an import whose name would be that of an endpoint, or without a spec', () => {
    const complete = serviceImport({ type: 'ClusterSetIP', ips: ['10.0.0.1'], ports: [{ port: 80 }] })
    const metadata = { namespace: 'demo', name: 'a.east.hello' }
    assert.deepEqual(namesOfService({ ...complete, metadata }, []), [])
    const { spec: _, ...withoutSpec } = complete
    assert.deepEqual(namesOfService(withoutSpec as ServiceImport, []), [])
  })

  it('has a weight of at least 1', () => {
    const endpoints = Array.from({ length: 250 }, (_, index) => pod(`pod-${index}`, `192.0.2.${index}`))
    const [service] = namesOfService(serviceImport({}), [slice('east', endpoints)])
    const weights = service?.records.filter(record => record.type === 'SRV').map(record => record.weight)
    assert.deepEqual(new Set(weights), new Set([1]))
  })
})

describe('whatever the slices', () => {
  const label = fc.constantFrom('a', 'b', 'east', 'west', 'a.b', 'East', '')
  const endpoint = fc.record({
    addresses: fc.array(fc.oneof(fc.ipV4(), fc.ipV6(), label), { maxLength: 3 }),
    hostname: fc.constantFrom('', 'a', 'b', 'east'),
    conditions: fc.constantFrom({}, { ready: true }, { ready: false }),
  })
  const port = fc.record({ name: label, protocol: fc.constantFrom('TCP', 'UDP'), port: fc.nat(65_535) })
  const anySlice = fc
    .record({
      cluster: label,
      endpoints: fc.array(endpoint, { maxLength: 4 }),
      ports: fc.array(port, { maxLength: 3 }),
    })
    .map(({ cluster, endpoints, ports }) => slice(cluster, endpoints, { ports: ports as EndpointPort[] }))

  it('names are there once, records are there once, and targets have addresses', () => {
    fc.assert(
      fc.property(fc.array(anySlice, { maxLength: 5 }), slices => {
        const names = namesOfService(serviceImport({}), slices)
        const byName = new Map(names.map(name => [name.name, name]))
        assert.equal(byName.size, names.length)
        for (const { records } of names) {
          assert.ok(records.length > 0)
          assert.equal(new Set(records.map(record => JSON.stringify(record))).size, records.length)
          for (const record of records) {
            if (record.type !== 'SRV') continue
            const target = byName.get(record.target)
            assert.ok(target?.records.some(({ type }) => type === 'A' || type === 'AAAA'))
          }
        }
      }),
    )
  })
})
