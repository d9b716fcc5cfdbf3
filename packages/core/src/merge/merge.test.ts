import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ExportedServiceSpec, ServiceImportPort } from '@isthmus/api'
import fc from 'fast-check'
import { memberExport } from '../testing/objects.ts'
import { merge } from './merge.ts'
import { contributedPorts, unionOfPorts } from './ports.ts'

const OLD = '2026-11-22T08:00:00Z'
const NEW = '2026-11-22T09:00:00Z'

function portList(text: string): ServiceImportPort[] {
  return text
    .split(' ')
    .filter(part => part !== '')
    .map(part => {
      const [, name = '', port, protocol = 'TCP'] = /^([a-z0-9-]*):(\d+)(?:\/(\w+))?$/.exec(part) ?? []
      return { ...(name === '' ? {} : { name }), port: Number(port), protocol: protocol as 'TCP' }
    })
}

/** Ports as `name:port/protocol`; the first export is the oldest. */
const UNIONS: { what: string; exports: string[]; union: string; contributes?: string[] }[] = [
  { what: 'one export', exports: ['http:80'], union: 'http:80/TCP', contributes: ['http>http'] },
  { what: 'an unnamed port alone stays unnamed', exports: [':80'], union: ':80/TCP', contributes: ['>'] },
  {
    what: 'the union',
    exports: ['http:80', 'http:80 web:81'],
    union: 'http:80/TCP web:81/TCP',
    contributes: ['http>http', 'http>http web>web'],
  },
  {
    what: 'one name, another number: the newer one does not contribute to it',
    exports: ['http:80', 'http:8080'],
    union: 'http:80/TCP',
    contributes: ['http>http', ''],
  },
  {
    what: 'one name, another protocol',
    exports: ['dns:53/UDP', 'dns:53/TCP'],
    union: 'dns:53/UDP',
    contributes: ['dns>dns', ''],
  },
  {
    what: 'another name, the same number: served under the winning name',
    exports: ['http:80', 'web:80'],
    union: 'http:80/TCP',
    contributes: ['http>http', 'web>http'],
  },
  {
    what: 'an unnamed port that meets a second one gets a name',
    exports: [':80', ':80 ', 'metrics:9090'],
    union: 'tcp-80:80/TCP metrics:9090/TCP',
    contributes: ['>tcp-80', '>tcp-80', 'metrics>metrics'],
  },
  {
    what: 'the name that an unnamed port would get is taken',
    exports: ['tcp-80:81', ':80'],
    union: 'tcp-80:81/TCP tcp-80-2:80/TCP',
    contributes: ['tcp-80>tcp-80', '>tcp-80-2'],
  },
  {
    what: 'a number that a third export adds is served by a second one that has it under a lost name',
    exports: ['http:80', 'http:8080', 'alternative:8080'],
    union: 'http:80/TCP alternative:8080/TCP',
    contributes: ['http>http', 'http>alternative', 'alternative>alternative'],
  },
  {
    what: 'SCTP beside TCP on one number',
    exports: ['a:5000/SCTP', 'b:5000'],
    union: 'a:5000/SCTP b:5000/TCP',
    contributes: ['a>a', 'b>b'],
  },
]

describe('the union of ports', () => {
  for (const { what, exports, union, contributes } of UNIONS) {
    it(what, () => {
      const members = exports.map((ports, i) => memberExport(`cluster-${i}`, { ports: portList(ports) }))
      const merged = unionOfPorts(members)
      assert.equal(merged.map(({ name, port, protocol }) => `${name}:${port}/${protocol}`).join(' '), union)
      const mappings = members.map(member =>
        [...contributedPorts(merged, member)].map(([own, { name }]) => `${own}>${name}`).join(' '),
      )
      assert.deepEqual(mappings, contributes)
    })
  }

  it('has no name twice, no (protocol, port) twice, and no unnamed port among several', () => {
    fc.assert(
      fc.property(fc.array(arbitraryExport(), { minLength: 1, maxLength: 6 }), specs => {
        const ports = unionOfPorts(specs.map((spec, i) => memberExport(`c${i}`, spec)))
        assert.equal(new Set(ports.map(({ name }) => name)).size, ports.length)
        assert.equal(new Set(ports.map(({ port, protocol }) => `${protocol}/${port}`)).size, ports.length)
        if (ports.length > 1) assert.ok(ports.every(({ name }) => name !== ''))
      }),
    )
  })
})

describe('merge', () => {
  it('does not depend on the order of arrival', () => {
    fc.assert(
      fc.property(
        fc.array(arbitraryExport(), { minLength: 1, maxLength: 6 }),
        fc.integer(),
        (specs, seed) => {
          const members = specs.map((spec, i) => memberExport(`c${i}`, spec))
          const shuffled = members
            .map((member, i) => ({ member, at: Math.sin(seed + i) }))
            .sort((a, b) => a.at - b.at)
            .map(({ member }) => member)
          assert.deepEqual(merge(shuffled), merge(members))
        },
      ),
    )
  })

  it('lets the oldest export decide, and the lower cluster id among equals', () => {
    const west = memberExport('west', { exportedAt: NEW, sessionAffinity: 'ClientIP' })
    const east = memberExport('east', { exportedAt: OLD })
    assert.equal(merge([west, east])?.oldest.sessionAffinity, 'None')
    const twin = memberExport('a', { exportedAt: OLD, sessionAffinity: 'ClientIP' })
    assert.equal(merge([west, east, twin])?.oldest.sessionAffinity, 'ClientIP')
  })

  it('of nothing is nothing', () => {
    assert.equal(merge([]), undefined)
  })
})

const CONFLICTS: {
  reason: string
  old: Partial<ExportedServiceSpec>
  young: Partial<ExportedServiceSpec>
}[] = [
  { reason: 'PortConflict', old: { ports: portList('http:80') }, young: { ports: portList('http:81') } },
  {
    reason: 'PortConflict',
    old: { ports: portList('http:80') },
    young: { ports: portList('http:80 web:81') },
  },
  { reason: 'PortConflict', old: {}, young: { ports: [{ name: 'http', port: 80, appProtocol: 'http' }] } },
  { reason: 'TypeConflict', old: { type: 'ClusterSetIP' }, young: { type: 'Headless' } },
  { reason: 'SessionAffinityConflict', old: {}, young: { sessionAffinity: 'ClientIP' } },
  {
    reason: 'SessionAffinityConfigConflict',
    old: { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 10 } } },
    young: { sessionAffinity: 'ClientIP', sessionAffinityConfig: { clientIP: { timeoutSeconds: 20 } } },
  },
  { reason: 'LabelsConflict', old: { labels: { a: '1' } }, young: { labels: { a: '2' } } },
  { reason: 'AnnotationsConflict', old: {}, young: { annotations: { b: '1' } } },
  {
    reason: 'InternalTrafficPolicyConflict',
    old: { internalTrafficPolicy: 'Cluster' },
    young: { internalTrafficPolicy: 'Local' },
  },
  { reason: 'TrafficDistributionConflict', old: {}, young: { trafficDistribution: 'PreferSameZone' } },
  { reason: 'IPFamilyConflict', old: { ipFamilies: ['IPv4'] }, young: { ipFamilies: ['IPv6'] } },
  {
    reason: 'PortConflict,TypeConflict,LabelsConflict',
    old: { labels: { a: '1' } },
    young: { type: 'Headless', ports: portList('x:1') },
  },
]

describe('conflicts', () => {
  for (const { reason, old, young } of CONFLICTS) {
    it(`${reason}: ${JSON.stringify(young)}`, () => {
      const exports = [
        memberExport('west', { ...young, exportedAt: NEW }),
        memberExport('east', { ...old, exportedAt: OLD }),
      ]
      const conflicts = merge(exports)?.conflicts ?? []
      assert.equal(conflicts.map(c => c.reason).join(','), reason)
      for (const { message } of conflicts)
        assert.match(message, /in cluster east, .*; 1 of 2 clusters disagrees: west$/)
    })
  }

  it('is none among equal exports, whatever the order of their ports', () => {
    const ports = portList('http:80 web:81')
    const exports = [memberExport('a', { ports }), memberExport('b', { ports: [...ports].reverse() })]
    assert.deepEqual(merge(exports)?.conflicts, [])
  })

  it('is none where a member merely has a family more', () => {
    const merged = merge([
      memberExport('a', { ipFamilies: ['IPv4', 'IPv6'] }),
      memberExport('b', { ipFamilies: ['IPv4'] }),
    ])
    assert.deepEqual(merged?.ipFamilies, ['IPv4'])
    assert.deepEqual(merged?.conflicts, [])
  })
})

function arbitraryExport(): fc.Arbitrary<Partial<ExportedServiceSpec>> {
  const port = fc.record({
    name: fc.constantFrom('', 'http', 'web', 'dns', 'tcp-80'),
    protocol: fc.constantFrom('TCP' as const, 'UDP' as const),
    port: fc.constantFrom(53, 80, 81, 8080),
  })
  return fc.record({
    exportedAt: fc.constantFrom(OLD, NEW),
    type: fc.constantFrom('ClusterSetIP' as const, 'Headless' as const),
    // A record that names a port, or has a number, twice is refused before it gets here.
    ports: fc
      .uniqueArray(port, { selector: ({ name }) => name, maxLength: 4 })
      .map(list =>
        list
          .filter((p, i) => list.findIndex(q => q.port === p.port && q.protocol === p.protocol) === i)
          .map(({ name, ...rest }) => (name === '' ? rest : { name, ...rest })),
      ),
    ipFamilies: fc.constantFrom(['IPv4' as const], ['IPv6' as const], ['IPv4' as const, 'IPv6' as const]),
    sessionAffinity: fc.constantFrom('None' as const, 'ClientIP' as const),
  })
}
