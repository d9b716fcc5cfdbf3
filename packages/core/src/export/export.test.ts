import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import { service, serviceExport, slice } from '../testing/objects.ts'
import { type IndexInput, nextIndex, whyNotNamed } from './export-index.ts'
import { nextExportConditions } from './export-status.ts'
import { recordOf } from './record.ts'
import { validityOf } from './validity.ts'

const NOW = '2026-11-22T10:00:00Z'

describe('validity of an export', () => {
  it('needs a Service', () => {
    assert.deepEqual(pick(validityOf(undefined, 'hello')), [false, 'NoService'])
    assert.deepEqual(pick(validityOf(service(), 'hello')), [true, 'Valid'])
  })
  it('refuses ExternalName, and what was derived for an import', () => {
    assert.deepEqual(pick(validityOf(service({ type: 'ExternalName' }), 'hello')), [
      false,
      'InvalidServiceType',
    ])
    const labels = {
      'app.kubernetes.io/managed-by': 'isthmus.dev',
      'multicluster.kubernetes.io/service-name': 'hello',
    }
    assert.deepEqual(pick(validityOf(service({}, { labels }), 'hello-0123456789')), [
      false,
      'InvalidServiceType',
    ])
  })
  it('takes every other type, and a Service without selector', () => {
    for (const type of ['ClusterIP', 'NodePort', 'LoadBalancer'] as const) {
      assert.equal(validityOf(service({ type }), 'hello').valid, true)
    }
    assert.equal(validityOf(service({ clusterIP: 'None' }), 'hello').valid, true)
  })
})

describe('a record', () => {
  it('exports nothing from metadata, only what the ServiceExport says', () => {
    const labelled = service({}, { labels: { secret: 'yes' }, annotations: { secret: 'yes' } })
    const plain = recordOf(serviceExport(), labelled, [])
    assert.deepEqual([plain.spec.labels, plain.spec.annotations], [undefined, undefined])
    const said = recordOf(serviceExport({ exportedLabels: { a: '1' } }), labelled, [])
    assert.deepEqual(said.spec.labels, { a: '1' })
  })
  it('is Headless for clusterIP None', () => {
    assert.equal(recordOf(serviceExport(), service({ clusterIP: 'None' }), []).spec.type, 'Headless')
  })
  it('has a chunk for each source slice with addresses, none for imported slices', () => {
    const imported = slice('c', {
      metadata: { name: 'c', labels: { 'endpointslice.kubernetes.io/managed-by': 'isthmus.dev' } },
    })
    const record = recordOf(serviceExport(), service(), [
      slice('a'),
      slice('b', { addressType: 'IPv6' }),
      slice('f', { addressType: 'FQDN' }),
      imported,
    ])
    assert.deepEqual(
      [...record.chunks.values()].map(chunk => chunk.addressType),
      ['IPv4', 'IPv6'],
    )
    assert.deepEqual(record.spec.chunks, [...record.chunks.keys()].sort())
  })
  it('reads unknown conditions as ready, serving as ready, not terminating', () => {
    const endpoints = [
      { addresses: ['10.0.0.1'] },
      { addresses: ['10.0.0.2'], conditions: { ready: false, serving: true, terminating: true } },
    ]
    const [chunk] = recordOf(serviceExport(), service(), [slice('a', { endpoints })]).chunks.values()
    assert.deepEqual(chunk?.endpoints, [
      { addresses: ['10.0.0.1'], ready: true, serving: true, terminating: false },
      { addresses: ['10.0.0.2'], ready: false, serving: true, terminating: true },
    ])
  })
})

describe('the export index', () => {
  const base: IndexInput = {
    clusterId: 'east',
    stored: undefined,
    wanted: new Set(),
    published: new Set(),
    highestWritten: 0,
    now: 1000,
  }
  const stored = (sequence: number, services: string[], clusterId = 'east') => ({
    apiVersion: 'isthmus.dev/v1alpha1',
    kind: 'ExportIndex',
    metadata: {},
    spec: { sequence, clusterId, services },
  })

  it('is written at once, also for a member that exports nothing: silence would say nothing', () => {
    assert.deepEqual(nextIndex(base), { sequence: 1000, clusterId: 'east', services: [] })
  })
  it('names a service only once its record is stored, and keeps it named while that is rewritten', () => {
    const wanted = new Set(['demo/a', 'demo/b'])
    assert.deepEqual(nextIndex({ ...base, wanted, published: new Set(['demo/a']) })?.services, ['demo/a'])
    assert.equal(nextIndex({ ...base, wanted, stored: stored(1, ['demo/a', 'demo/b']) }), undefined)
  })
  it('names no more services than are read, and withdraws none for others', () => {
    const key = (i: number) => `demo/s${String(i).padStart(5, '0')}`
    const before = Array.from({ length: 9_999 }, (_, i) => key(i + 10))
    const all = new Set([...before, ...Array.from({ length: 10 }, (_, i) => key(i))])
    const full =
      nextIndex({ ...base, wanted: all, published: all, stored: stored(1, before) })?.services ?? []
    assert.deepEqual(full, [key(0), ...before])
    const known = { ...base, wanted: all, published: all, stored: stored(1, full) }
    assert.equal(nextIndex(known), undefined)
    assert.match(whyNotNamed(stored(1, full)) ?? '', /10000 services/)
    assert.equal(whyNotNamed(stored(1, before)), undefined)
    // There is room again for one.
    all.delete(key(20))
    assert.deepEqual(
      nextIndex(known)?.services,
      [key(0), key(1), ...before].filter(name => name !== key(20)),
    )
  })
  it('is left alone when it is right', () => {
    assert.equal(nextIndex({ ...base, stored: stored(5, []), highestWritten: 5 }), undefined)
  })
  it('is rewritten above all that readers saw when it went back', () => {
    assert.equal(nextIndex({ ...base, stored: stored(5, []), highestWritten: 2000 })?.sequence, 2001)
  })
  it('grows whatever the clock does', () => {
    fc.assert(
      fc.property(fc.nat(), fc.nat(), fc.nat(), (sequence, highestWritten, now) => {
        const next = nextIndex({ ...base, stored: stored(sequence, ['demo/gone']), highestWritten, now })
        assert.ok(
          next !== undefined &&
            next.sequence > sequence &&
            next.sequence > highestWritten &&
            next.sequence >= now,
        )
      }),
    )
  })
})

describe('conditions of an export', () => {
  const valid = validityOf(service(), 'hello')
  it('are written once, and not again', () => {
    const input = {
      serviceExport: serviceExport(),
      validity: valid,
      published: { done: true } as const,
      conflicts: [],
      now: NOW,
    }
    const conditions = nextExportConditions(input)
    assert.deepEqual(
      conditions?.map(({ type, status, reason, observedGeneration }) => [
        type,
        status,
        reason,
        observedGeneration,
      ]),
      [
        ['Valid', 'True', 'Valid', 1],
        ['Ready', 'True', 'Exported', 1],
        ['Conflict', 'False', 'NoConflicts', 1],
      ],
    )
    const written = { ...input.serviceExport, status: { conditions: [...(conditions ?? [])] } }
    assert.equal(
      nextExportConditions({ ...input, serviceExport: written, now: '2027-01-01T00:00:00Z' }),
      undefined,
    )
  })
  it('move lastTransitionTime only with the status, and leave conditions of others', () => {
    const theirs = {
      type: 'Audited',
      status: 'True' as const,
      reason: 'x',
      message: '',
      lastTransitionTime: NOW,
    }
    const before = { ...serviceExport(), status: { conditions: [theirs] } }
    const raised = nextExportConditions({
      serviceExport: before,
      validity: valid,
      published: { done: false, why: 'not yet' },
      conflicts: [
        { reason: 'PortConflict', message: 'ports' },
        { reason: 'TypeConflict', message: 'type' },
      ],
      now: NOW,
    })
    assert.equal(raised?.find(c => c.type === 'Conflict')?.reason, 'PortConflict,TypeConflict')
    assert.deepEqual(raised?.[0], theirs)
    const later = nextExportConditions({
      serviceExport: { ...before, status: { conditions: [...(raised ?? [])] } },
      validity: valid,
      published: { done: true },
      conflicts: [{ reason: 'TypeConflict', message: 'type' }],
      now: '2026-11-22T11:00:00Z',
    })
    assert.equal(later?.find(c => c.type === 'Conflict')?.lastTransitionTime, NOW, 'still True')
    assert.equal(later?.find(c => c.type === 'Ready')?.lastTransitionTime, '2026-11-22T11:00:00Z')
  })
})

function pick({ valid, reason }: ReturnType<typeof validityOf>) {
  return [valid, reason]
}
