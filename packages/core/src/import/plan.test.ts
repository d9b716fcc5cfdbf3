import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { ServiceImport } from '@isthmus/api'
import type { Contribution } from '../member/contribution.ts'
import { absent, chunkSpec, memberExport, present, service, slice, unknown } from '../testing/objects.ts'
import { newServiceImport } from './desired-import.ts'
import { desiredSlice } from './desired-slices.ts'
import { type ExistingImport, type ImportedPlan, type ImportPlan, planImport } from './plan.ts'

const NONE: ExistingImport = { derivedService: undefined, slices: [], serviceImport: undefined }
const east = memberExport('east', {}, { 'hello.demo.e': chunkSpec() })
const west = memberExport(
  'west',
  { exportedAt: '2026-11-22T09:00:00Z', ports: [{ name: 'web', protocol: 'TCP', port: 80 }] },
  { 'hello.demo.w': chunkSpec({ ports: [{ name: 'web', protocol: 'TCP', port: 9090 }] }) },
)

function plan(contributions: Record<string, Contribution>, existing = NONE): ImportPlan {
  return planImport({
    namespace: 'demo',
    name: 'hello',
    contributions: new Map(Object.entries(contributions)),
    supportedFamilies: ['IPv4', 'IPv6'],
    existing,
  })
}

function imported(contributions: Record<string, Contribution>, existing = NONE): ImportedPlan {
  const result = plan(contributions, existing)
  assert.ok(result.kind === 'import', `${result.kind} is not an import`)
  return result
}

/** What an import of these members would have left in the cluster. */
function existingOf(contributions: Record<string, Contribution>): ExistingImport {
  const planned = imported(contributions)
  const context = { namespace: 'demo', name: 'hello', clusterId: 'north', derivedService: undefined }
  const serviceImport: ServiceImport = {
    ...newServiceImport('demo', 'hello', planned, ['10.96.0.9'], (_, value) => value),
    status: { clusters: planned.clusters.map(cluster => ({ cluster })) },
  }
  return {
    derivedService: undefined,
    serviceImport,
    slices: planned.slices.map(s => desiredSlice(s, planned, context)),
  }
}

describe('the plan of an import', () => {
  it('is nothing where nobody exports and nothing is here', () => {
    assert.equal(plan({ east: absent, west: absent }).kind, 'nothing')
    assert.equal(plan({ east: unknown(), west: absent }).kind, 'nothing')
  })

  it('has the union of members, each with slices under the winning port names', () => {
    const { clusters, slices, spec } = imported({ west: present(west), east: present(east) })
    assert.deepEqual(clusters, ['east', 'west'])
    assert.deepEqual(spec.ports, [{ name: 'http', protocol: 'TCP', port: 80 }])
    assert.deepEqual(
      slices.map(s => [s.clusterId, [...s.ports.values()].map(({ name }) => name)]),
      [
        ['east', ['http']],
        ['west', ['http']],
      ],
    )
  })

  it('is removal only when every member’s index omits it', () => {
    const existing = existingOf({ east: present(east), west: present(west) })
    assert.equal(plan({ east: absent, west: absent }, existing).kind, 'remove')
    assert.equal(plan({ east: absent }, existing).kind, 'remove', 'west left the ClusterSet')
    assert.equal(plan({ east: absent, west: unknown() }, existing).kind, 'import')
    assert.equal(plan({ east: unknown(), west: unknown() }, existing).kind, 'import')
  })

  it('keeps what a silent member contributed: its slices, its ports, its place in the status', () => {
    const existing = existingOf({ east: present(east), west: present(west) })
    const frozen = imported({ east: unknown(), west: present(west) }, existing)
    assert.deepEqual(frozen.frozenBy, ['east'])
    assert.deepEqual(frozen.clusters, ['east', 'west'])
    assert.deepEqual(frozen.spec.ports, [{ name: 'http', protocol: 'TCP', port: 80 }])
    assert.deepEqual(
      frozen.slices.map(s => s.clusterId),
      ['west'],
    )
    const eastSlice = existing.slices.find(
      s => s.metadata.labels?.['multicluster.kubernetes.io/source-cluster'] === 'east',
    )
    assert.deepEqual([...frozen.keptSlices], [eastSlice?.metadata.name])
  })

  it('goes on without a member that is silent and never contributed', () => {
    const existing = existingOf({ east: present(east) })
    const { frozenBy, clusters } = imported({ east: present(east), west: unknown() }, existing)
    assert.deepEqual([frozenBy, clusters], [[], ['east']])
  })

  it('uses what it remembers of a member that fell silent', () => {
    const { clusters, slices } = imported({ east: unknown(east), west: present(west) })
    assert.deepEqual(clusters, ['east', 'west'])
    assert.equal(slices.length, 2)
  })

  it('changes nothing while all it has is slices of a silent member', () => {
    const orphan = slice('x', {
      metadata: { name: 'x', labels: { 'multicluster.kubernetes.io/source-cluster': 'east' } },
    })
    assert.equal(plan({ east: unknown() }, { ...NONE, slices: [orphan] }).kind, 'keep')
  })

  it('keeps what was being made when its agent was stopped, until those are read whose it may be', () => {
    const { serviceImport } = existingOf({ east: present(east) })
    assert.ok(serviceImport)
    const { status: _, ...unstated } = serviceImport
    const begun = { ...NONE, serviceImport: unstated }
    assert.equal(plan({ east: unknown(), west: absent }, begun).kind, 'keep')
    assert.equal(plan({ east: absent, west: absent }, begun).kind, 'remove')
    assert.equal(
      plan({ east: unknown(), west: absent }, { ...NONE, derivedService: service() }).kind,
      'remove',
    )
    assert.equal(plan({ east: unknown(), west: present(west) }, begun).kind, 'import')
    // Its status says whose it was: that the other is not known changes nothing.
    assert.equal(plan({ east: absent, west: unknown() }, { ...NONE, serviceImport }).kind, 'remove')
  })

  it('leaves a chunk that was named and never seen as it is here', () => {
    const waiting = memberExport('east', {}, { 'hello.demo.e': undefined })
    const existing = existingOf({ east: present(east) })
    const { slices, keptSlices } = imported({ east: present(waiting) }, existing)
    assert.equal(slices.length, 0)
    assert.ok(keptSlices.has(existing.slices[0]?.metadata.name ?? ''))
  })

  it('keeps the endpoints that others replace until these are read', () => {
    const replaced = memberExport('east', {}, { 'hello.demo.e': undefined, 'hello.demo.f': chunkSpec() })
    const existing = existingOf({
      east: present(memberExport('east', {}, { 'hello.demo.a': chunkSpec(), 'hello.demo.b': chunkSpec() })),
      west: present(west),
    })
    const ofEast = existing.slices.slice(0, 2).map(({ metadata }) => metadata.name ?? '')
    const { keptSlices, slices } = imported({ east: present(replaced), west: present(west) }, existing)
    assert.ok(ofEast.every(name => keptSlices.has(name)))
    assert.ok(!keptSlices.has(existing.slices[2]?.metadata.name ?? ''))
    assert.deepEqual(
      slices.map(({ chunk }) => chunk),
      ['hello.demo.f', 'hello.demo.w'],
    )
    // What is refused never comes.
    const refusals = [{ rule: 'endpoints', message: 'no' }]
    const refused = imported({ east: { kind: 'present', export: replaced, refusals } }, existing)
    assert.ok(!ofEast.some(name => refused.keptSlices.has(name)))
    const read = memberExport('east', {}, { 'hello.demo.e': chunkSpec(), 'hello.demo.f': chunkSpec() })
    assert.deepEqual([...imported({ east: present(read) }, existing).keptSlices], [])
  })

  it('does not serve a port from a member that has not got it', () => {
    const other = memberExport(
      'west',
      { exportedAt: '2026-11-22T09:00:00Z', ports: [{ name: 'http', port: 81 }] },
      { 'hello.demo.w': chunkSpec() },
    )
    const { slices, clusters } = imported({ east: present(east), west: present(other) })
    assert.deepEqual(
      slices.map(s => s.clusterId),
      ['east'],
    )
    assert.deepEqual(clusters, ['east', 'west'])
  })

  it('keeps the first family of a Service for the life of the import', () => {
    const both = memberExport('east', { ipFamilies: ['IPv6', 'IPv4'] }, {})
    const existing = existingOf({ east: present(east) })
    assert.deepEqual(imported({ east: present(both) }, existing).spec.ipFamilies, ['IPv4', 'IPv6'])
    assert.deepEqual(imported({ east: present(both) }).spec.ipFamilies, ['IPv6', 'IPv4'])
  })

  it('has no label or annotation with a prefix that this cluster does not take', () => {
    const labels = { team: 'a', 'example.com/tier': 'gold', 'sub.example.com/a': 'b' }
    const contributions = new Map([['east', present(memberExport('east', { labels, annotations: labels }))]])
    const plan = planImport({
      namespace: 'demo',
      name: 'hello',
      contributions,
      supportedFamilies: ['IPv4'],
      existing: { derivedService: undefined, slices: [], serviceImport: undefined },
      reservedPrefixes: ['example.com'],
    })
    assert.deepEqual(plan.kind === 'import' && [plan.labels, plan.annotations], [
      { team: 'a' },
      { team: 'a' },
    ])
  })

  it('says so when this cluster has none of the families', () => {
    const six = memberExport('east', { ipFamilies: ['IPv6'] }, { c: chunkSpec({ addressType: 'IPv6' }) })
    const result = planImport({
      namespace: 'demo',
      name: 'hello',
      contributions: new Map([['east', present(six)]]),
      supportedFamilies: ['IPv4'],
      existing: NONE,
    })
    assert.ok(result.kind === 'import' && result.unsupported && result.slices.length === 0)
  })
})
