import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { Service, ServiceImport } from '@isthmus/api'
import { chunkSpec, memberExport, present } from '../testing/objects.ts'
import { newServiceImport, nextImportStatus, repairedServiceImport } from './desired-import.ts'
import { newDerivedService, repairedDerivedService } from './desired-service.ts'
import { desiredSlice, repairedSlice } from './desired-slices.ts'
import { hintsFor } from './hints.ts'
import { keptFieldsOf } from './kept-fields.ts'
import { type ImportedPlan, planImport } from './plan.ts'

const keepAll = <T>(_: 'spec' | 'status', value: T): T => value

function planOf(...exports: Parameters<typeof present>[0][]): ImportedPlan {
  const plan = planImport({
    namespace: 'demo',
    name: 'hello',
    contributions: new Map(exports.map(e => [e.clusterId, present(e)])),
    supportedFamilies: ['IPv4', 'IPv6'],
    existing: { derivedService: undefined, slices: [], serviceImport: undefined },
  })
  assert.ok(plan.kind === 'import')
  return plan
}

/** What an API server makes of a new Service. */
function stored(service: Service): Service {
  return {
    ...service,
    metadata: { ...service.metadata, uid: 'u', resourceVersion: '1' },
    spec: { clusterIP: '10.96.0.9', clusterIPs: ['10.96.0.9'], ...service.spec },
  }
}

describe('the derived Service', () => {
  const plan = planOf(
    memberExport('east', {
      sessionAffinity: 'ClientIP',
      sessionAffinityConfig: { clientIP: { timeoutSeconds: 10 } },
    }),
  )

  it('has no selector, the merged ports, explicit families, and nothing exported on it', () => {
    const service = newDerivedService(
      'demo',
      'hello',
      planOf(memberExport('east', { labels: { a: '1' } })),
      undefined,
    )
    assert.match(service.metadata.name ?? '', /^hello-[0-9a-f]{10}$/)
    assert.equal(service.spec?.selector, undefined)
    assert.equal(service.metadata.labels?.a, undefined)
    assert.deepEqual(service.spec?.ipFamilies, ['IPv4'])
    assert.equal(service.spec?.ipFamilyPolicy, 'SingleStack')
    assert.deepEqual(service.spec?.ports, [{ name: 'http', protocol: 'TCP', port: 80, targetPort: 80 }])
  })

  it('asks for the addresses that its ServiceImport promises', () => {
    const serviceImport = newServiceImport('demo', 'hello', plan, ['10.96.0.42'], keepAll)
    const { spec } = newDerivedService('demo', 'hello', plan, serviceImport)
    assert.deepEqual([spec?.clusterIP, spec?.clusterIPs], ['10.96.0.42', ['10.96.0.42']])
  })

  it('is left alone when it is right, and repaired when someone edited it', () => {
    const service = stored(newDerivedService('demo', 'hello', plan, undefined))
    assert.equal(repairedDerivedService(service, 'hello', plan, undefined), undefined)
    const edited = { ...service, spec: { ...service.spec, selector: { app: 'mine' }, ports: [{ port: 1 }] } }
    assert.deepEqual(repairedDerivedService(edited, 'hello', plan, undefined)?.spec, service.spec)
  })

  it('is not opened to anybody else, and keeps what the server filled in', () => {
    const service = stored(newDerivedService('demo', 'hello', plan, undefined))
    const opened = {
      externalIPs: ['192.0.2.7'],
      externalTrafficPolicy: 'Local',
      healthCheckNodePort: 30001,
      loadBalancerSourceRanges: ['192.0.2.0/24'],
      publishNotReadyAddresses: true,
    }
    const filledIn = { ...service.spec, ofANewerServer: 'x' }
    const edited = { ...service, spec: { ...filledIn, ...opened } }
    assert.deepEqual(repairedDerivedService(edited, 'hello', plan, undefined)?.spec, filledIn)
    assert.equal(repairedDerivedService({ ...service, spec: filledIn }, 'hello', plan, undefined), undefined)
  })
})

describe('an imported slice', () => {
  const endpoint = {
    addresses: ['10.1.0.5'],
    ready: true,
    serving: true,
    terminating: false,
    zone: 'z1',
    nodeName: 'n1',
    hostname: 'web-0',
  }
  const chunk = chunkSpec({ endpoints: [endpoint] })

  function sliceOf(fields: Parameters<typeof memberExport>[1], clusterId: string) {
    const plan = planOf(memberExport('east', fields, { 'hello.demo.e': chunk }))
    const derivedService =
      plan.spec.type === 'Headless' ? undefined : stored(newDerivedService('demo', 'hello', plan, undefined))
    const [planned] = plan.slices
    assert.ok(planned)
    return desiredSlice(planned, plan, { namespace: 'demo', name: 'hello', clusterId, derivedService })
  }

  it('carries conditions, zone and hostname, and the node only of own endpoints', () => {
    const foreign = sliceOf({}, 'west').endpoints[0]
    assert.deepEqual(foreign, {
      addresses: ['10.1.0.5'],
      conditions: { ready: true, serving: true, terminating: false },
      zone: 'z1',
      hostname: 'web-0',
    })
    assert.equal(sliceOf({}, 'east').endpoints[0]?.nodeName, 'n1')
  })

  it('has the labels of KEP-1645 and of kube-proxy, and belongs to the derived Service', () => {
    const { metadata } = sliceOf({}, 'west')
    assert.deepEqual(metadata.labels, {
      'multicluster.kubernetes.io/service-name': 'hello',
      'multicluster.kubernetes.io/source-cluster': 'east',
      'endpointslice.kubernetes.io/managed-by': 'isthmus.dev',
      'kubernetes.io/service-name': metadata.ownerReferences?.[0]?.name,
    })
  })

  it('of a headless import is passed over by kube-proxy', () => {
    const { metadata } = sliceOf({ type: 'Headless' }, 'west')
    assert.equal(metadata.labels?.['service.kubernetes.io/headless'], '')
    assert.equal(metadata.ownerReferences, undefined)
  })

  it('has hints that are label values, however long the cluster id', () => {
    const clusterId = `${'a'.repeat(54)}-${'b'.repeat(8)}`
    const [endpoint] = chunkSpec().endpoints
    assert.ok(endpoint)
    const zone = hintsFor('PreferSameZone', endpoint, clusterId, false)?.forZones?.[0]?.name
    assert.equal(zone, `unknown.${'a'.repeat(54)}`)
    assert.equal(hintsFor('PreferSameZone', endpoint, 'east', false)?.forZones?.[0]?.name, 'unknown.east')
  })

  it('has a hint on every endpoint when traffic is distributed', () => {
    assert.deepEqual(sliceOf({ trafficDistribution: 'PreferClose' }, 'west').endpoints[0]?.hints, {
      forZones: [{ name: 'z1' }],
    })
    assert.deepEqual(sliceOf({ trafficDistribution: 'PreferSameNode' }, 'west').endpoints[0]?.hints, {
      forNodes: [{ name: 'remote.east' }],
    })
    assert.deepEqual(sliceOf({ trafficDistribution: 'PreferSameNode' }, 'east').endpoints[0]?.hints, {
      forNodes: [{ name: 'n1' }],
    })
  })

  it('is written only when it differs', () => {
    const desired = sliceOf({}, 'west')
    const existing = {
      ...desired,
      metadata: {
        ...desired.metadata,
        resourceVersion: '7',
        labels: { ...desired.metadata.labels, theirs: 'x' },
      },
    }
    assert.equal(repairedSlice(existing, desired), undefined)
    const repaired = repairedSlice({ ...existing, endpoints: [] }, desired)
    assert.deepEqual(repaired?.endpoints, desired.endpoints)
    assert.equal(repaired?.metadata.resourceVersion, '7')
  })
})

describe('the ServiceImport', () => {
  const plan = planOf(memberExport('east', { labels: { team: 'a' } }))
  const created: ServiceImport = newServiceImport('demo', 'hello', plan, ['10.96.0.9'], keepAll)

  it('has the exported labels and the addresses', () => {
    assert.equal(created.metadata.labels?.team, 'a')
    assert.deepEqual([created.spec.ips, created.spec.ipFamilies], [['10.96.0.9'], ['IPv4']])
  })

  it('loses a label that is no longer exported, and keeps what others put there', () => {
    const theirs = {
      ...created,
      metadata: { ...created.metadata, labels: { ...created.metadata.labels, theirs: 'x' } },
    }
    assert.equal(repairedServiceImport(theirs, plan, ['10.96.0.9'], keepAll), undefined)
    const repaired = repairedServiceImport(theirs, planOf(memberExport('east')), ['10.96.0.9'], keepAll)
    assert.equal(repaired?.metadata.labels?.team, undefined)
    assert.equal(repaired?.metadata.labels?.theirs, 'x')
  })

  it('of a headless service has families and no addresses', () => {
    const headless = newServiceImport(
      'demo',
      'hello',
      planOf(memberExport('east', { type: 'Headless' })),
      [],
      keepAll,
    )
    assert.deepEqual([headless.spec.ips, headless.spec.ipFamilies], [undefined, ['IPv4']])
  })

  it('is not written for ever where the CRD knows fewer fields', () => {
    const kept = keptFieldsOf({
      properties: {
        spec: {
          properties: {
            type: {},
            ips: {},
            ports: { items: { properties: { name: {}, port: {}, protocol: {} } } },
          },
        },
        status: { properties: { clusters: {}, conditions: {} } },
      },
    })
    const old = newServiceImport('demo', 'hello', plan, ['10.96.0.9'], kept)
    assert.equal('ipFamilies' in old.spec, false)
    assert.equal(repairedServiceImport(old, plan, ['10.96.0.9'], kept), undefined)
    const ready = { status: 'True' as const, reason: 'Ready', message: '' }
    const status = nextImportStatus(old, plan, ready, '2026-11-22T10:00:00Z', kept)
    assert.deepEqual(Object.keys(status ?? {}), ['clusters', 'conditions'])
    assert.equal(
      nextImportStatus(
        { ...old, ...(status === undefined ? {} : { status }) },
        plan,
        ready,
        '2027-01-01T00:00:00Z',
        kept,
      ),
      undefined,
    )
  })
})
