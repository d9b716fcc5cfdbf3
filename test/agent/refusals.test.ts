/** What API servers refuse, the importer's and the exporter's own: told in the status, and over when the cause is. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  EXCHANGE_NAMESPACE,
  EXPORT_INDEXES,
  EXPORTED_ENDPOINTS,
  EXPORTED_SERVICES,
  SERVICE_EXPORTS,
  SERVICE_IMPORTS,
  SERVICES,
} from '@isthmus/api'
import { effects } from '@isthmus/apiserver'
import { derivedServiceName } from '@isthmus/core'
import { TestClusterSet } from '../fixtures/clusterset.ts'
import { until } from '../fixtures/until.ts'
import { eventOf } from './events-of.ts'

describe('refused by an API server', () => {
  let set: TestClusterSet
  before(async () => {
    set = await TestClusterSet.start(['east', 'west'])
  })
  after(() => set.stop())

  const readyCondition = async (namespace: string, name: string) => {
    const serviceImport = await set.serviceImport('west', namespace, name)
    return serviceImport?.status?.conditions?.find(({ type }) => type === 'Ready')
  }
  const ready = (namespace: string, name: string) =>
    until(`${namespace}/${name} is Ready`, async () =>
      (await readyCondition(namespace, name))?.status === 'True'
        ? set.serviceImport('west', namespace, name)
        : undefined,
    )
  const pending = (namespace: string, name: string, words: RegExp) =>
    until(`${namespace}/${name} is Pending: ${words}`, async () => {
      const condition = await readyCondition(namespace, name)
      return condition?.reason === 'Pending' && words.test(condition.message) ? condition : undefined
    })

  it('a ClusterSetIP that somebody took: Pending with the way out, and back with the same address', async () => {
    await set.namespace('taken', 'east', 'west')
    await set.export('east', 'taken', 'hello', ['10.1.0.1'])
    const { spec } = await ready('taken', 'hello')
    await until('settled', async () => (await set.reached('west', 'taken', 'hello')).length === 1)
    await set.stopAgent('west')
    const { client } = set.member('west')
    const derivedName = derivedServiceName('taken', 'hello')
    await client.delete(SERVICES, derivedName, 'taken')
    const clusterIP = spec.ips?.[0] ?? ''
    const thief = { apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'taken', name: 'thief' } }
    await client.create(SERVICES, { ...thief, spec: { clusterIP, ports: [{ port: 1 }] } })
    await set.startAgent('west')
    const { message } = await pending('taken', 'hello', /is already allocated/)
    assert.match(message, new RegExp(`ClusterSetIP ${clusterIP}.*delete this ServiceImport`))
    assert.ok(
      await until('an event tells it', () =>
        eventOf(set.member('west'), 'taken', 'ServiceImport/hello', 'Pending'),
      ),
    )
    assert.deepEqual((await set.serviceImport('west', 'taken', 'hello'))?.spec.ips, spec.ips)
    await client.delete(SERVICES, 'thief', 'taken')
    assert.deepEqual((await ready('taken', 'hello')).spec.ips, spec.ips)
    assert.deepEqual((await client.get(SERVICES, derivedName, 'taken')).spec?.clusterIPs, spec.ips)
    await until('reached again', async () => (await set.reached('west', 'taken', 'hello')).length === 1)
  })

  it('a ClusterSetIP out of range: Pending, and another one when the ServiceImport is deleted', async () => {
    await set.namespace('range', 'east', 'west')
    await set.export('east', 'range', 'hello', ['10.1.0.1'])
    const { spec } = await ready('range', 'hello')
    await set.stopAgent('west')
    const { client } = set.member('west')
    await client.delete(SERVICES, derivedServiceName('range', 'hello'), 'range')
    await client.patch(SERVICE_IMPORTS, 'hello', 'range', { spec: { ips: ['192.0.2.7'] } })
    await set.startAgent('west')
    await pending('range', 'hello', /192\.0\.2\.7.*failed to allocate IP.*delete this ServiceImport/)
    await client.delete(SERVICE_IMPORTS, 'hello', 'range')
    const again = await ready('range', 'hello')
    assert.match(again.spec.ips?.[0] ?? '', /^10\.91\./)
    assert.notDeepEqual(again.spec.ips, ['192.0.2.7'])
    assert.ok(spec.ips)
  })

  it('quota or admission: Pending with the words of the server, Ready when they let it', async () => {
    await set.namespace('quota', 'east', 'west')
    const fault = set.member('west').server.faults.add({
      match: { verb: 'create', resource: 'services', namespace: 'quota' },
      effect: effects.refuse(403, { message: 'exceeded quota: services, used: 5, limited: 5' }),
    })
    await set.export('east', 'quota', 'hello', ['10.1.0.1'])
    await pending('quota', 'hello', /exceeded quota: services, used: 5, limited: 5/)
    fault.remove()
    await ready('quota', 'hello')
    await until('reached', async () => (await set.reached('west', 'quota', 'hello')).length === 1)
  })

  it('a ServiceImport that quota or admission refuses: an event about the one that is not there', async () => {
    await set.namespace('imports', 'east', 'west')
    const fault = set.member('west').server.faults.add({
      match: { verb: 'create', resource: 'serviceimports', namespace: 'imports' },
      effect: effects.refuse(403, { message: 'exceeded quota: imports, used: 5, limited: 5' }),
    })
    await set.export('east', 'imports', 'hello', ['10.1.0.1'])
    const { note = '' } = await until('an event', () =>
      eventOf(set.member('west'), 'imports', 'ServiceImport/hello', 'Pending'),
    )
    assert.match(note, /cannot be written: exceeded quota: imports, used: 5, limited: 5/)
    fault.remove()
    await ready('imports', 'hello')
    await until('reached', async () => (await set.reached('west', 'imports', 'hello')).length === 1)
  })

  it('slices that admission refuses: Pending, and the others are written', async () => {
    await set.namespace('slices', 'east', 'west')
    await set.export('west', 'slices', 'hello', ['10.2.0.1'])
    await ready('slices', 'hello')
    const fault = set.member('west').server.faults.add({
      match: { verb: 'create', resource: 'endpointslices', namespace: 'slices' },
      effect: effects.refuse(403, { message: 'admission webhook "no.example" denied the request' }),
    })
    await set.export('east', 'slices', 'hello', ['10.1.0.1'])
    // The set-up's own slice of east is written in east; only the imported one is refused.
    await pending('slices', 'hello', /no\.example/)
    assert.deepEqual(await set.reached('west', 'slices', 'hello'), ['west: 10.2.0.1'])
    fault.remove()
    await ready('slices', 'hello')
    assert.equal((await set.reached('west', 'slices', 'hello')).length, 2)
  })

  it('exported labels that the exchange does not take: Failed, and other exports go on', async () => {
    await set.namespace('labels', 'east', 'west')
    await set.export('east', 'labels', 'hello', ['10.1.0.1'])
    await ready('labels', 'hello')
    const { client } = set.member('east')
    const condition = async (name: string) => {
      const { status } = await client.get(SERVICE_EXPORTS, name, 'labels')
      return status?.conditions?.find(({ type }) => type === 'Ready')
    }
    await client.patch(SERVICE_EXPORTS, 'hello', 'labels', {
      spec: { exportedLabels: { team: 'x'.repeat(64) } },
    })
    await until('Failed', async () => (await condition('hello'))?.reason === 'Failed')
    assert.match((await condition('hello'))?.message ?? '', /spec\.labels\.team.*(long|63)/i)
    assert.ok(
      await until('an event', () => eventOf(set.member('east'), 'labels', 'ServiceExport/hello', 'Failed')),
    )
    await set.export('east', 'labels', 'other', ['10.1.0.2'])
    await ready('labels', 'other')
    assert.deepEqual(await set.reached('west', 'labels', 'hello'), ['east: 10.1.0.1'])
    await client.patch(SERVICE_EXPORTS, 'hello', 'labels', { spec: { exportedLabels: { team: 'x' } } })
    await until('Exported', async () => (await condition('hello'))?.reason === 'Exported')
    await until(
      'imported',
      async () => (await set.serviceImport('west', 'labels', 'hello'))?.metadata.labels?.team === 'x',
    )
  })

  it('trafficDistribution that this server does not know: left out, told, and not tried all the time', async () => {
    await set.namespace('distribution', 'west')
    await set.stopAgent('east')
    const { client: east } = set.member('east')
    const head = { apiVersion: 'isthmus.dev/v1alpha1' }
    const service = { namespace: 'distribution', name: 'hello' }
    const metadata = { namespace: EXCHANGE_NAMESPACE, name: 'hello.distribution' }
    await east.create(EXPORTED_ENDPOINTS, {
      ...head,
      kind: 'ExportedEndpoints',
      metadata: { ...metadata, name: 'hello.distribution.0' },
      spec: {
        service,
        addressType: 'IPv4',
        ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
        endpoints: [{ addresses: ['10.1.0.1'], ready: true, serving: true, terminating: false, zone: 'z1' }],
      },
    })
    await east.create(EXPORTED_SERVICES, {
      ...head,
      kind: 'ExportedService',
      metadata,
      spec: {
        service,
        exportedAt: '2026-11-22T08:00:00Z',
        type: 'ClusterSetIP',
        ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
        ipFamilies: ['IPv4'],
        sessionAffinity: 'None',
        trafficDistribution: 'PreferSameRack',
        chunks: ['hello.distribution.0'],
      },
    })
    const index = await east.get(EXPORT_INDEXES, 'index', EXCHANGE_NAMESPACE)
    const { sequence, services } = index.spec
    await east.update(EXPORT_INDEXES, {
      ...index,
      spec: { ...index.spec, sequence: sequence + 1, services: [...services, 'distribution/hello'] },
    })
    const { spec, status } = await ready('distribution', 'hello')
    assert.match(status?.conditions?.[0]?.message ?? '', /trafficDistribution PreferSameRack is left out/)
    assert.equal(spec.trafficDistribution, 'PreferSameRack')
    assert.ok(
      await until('an event', () =>
        eventOf(set.member('west'), 'distribution', 'ServiceImport/hello', 'TrafficDistributionNotSupported'),
      ),
    )
    const { client, server } = set.member('west')
    const derived = await client.get(SERVICES, derivedServiceName('distribution', 'hello'), 'distribution')
    assert.equal(derived.spec?.trafficDistribution, undefined)
    const [slice] = (await set.importedSlices('west', 'distribution', 'hello')).get('east') ?? []
    assert.equal(slice?.endpoints[0]?.hints, undefined)
    // Looked at again, nothing is tried: the value is known not to be known.
    let tried = 0
    const watched = server.faults.add({
      match: ({ verb }, { url = '' }) => {
        if (verb === 'update' && url.includes(`/services/${derived.metadata.name}`)) tried++
        return false
      },
      effect: effects.stall(),
    })
    const revision = server.storage.revision
    await client.patch(SERVICE_IMPORTS, 'hello', 'distribution', { metadata: { annotations: { mine: 'x' } } })
    await set.member('west').agent?.idle()
    assert.equal(server.storage.revision, revision + 1)
    assert.equal(tried, 0)
    // A restart asks once, and writes nothing.
    await set.stopAgent('west')
    const agent = await set.startAgent('west')
    await until('linked', () => agent.ready && agent.status().links.every(({ services }) => services > 0))
    await until('asked once', () => tried === 1)
    await agent.idle()
    watched.remove()
    const after = await client.get(SERVICES, derived.metadata.name ?? '', 'distribution')
    assert.equal(after.metadata.resourceVersion, derived.metadata.resourceVersion)
    const { status: unchanged } = (await set.serviceImport('west', 'distribution', 'hello')) ?? {}
    assert.deepEqual(unchanged, status)
  })
})
