import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  ENDPOINT_SLICES,
  EXPORT_INDEXES,
  EXPORTED_SERVICES,
  NAMESPACES,
  SERVICE_EXPORTS,
  SERVICE_IMPORTS,
  SERVICES,
} from '@isthmus/api'
import { derivedServiceName } from '@isthmus/core'
import { TestClusterSet } from '../fixtures/clusterset.ts'
import { until } from '../fixtures/until.ts'

const IDS = ['east', 'west', 'north']
const HTTP = { ports: [{ name: 'http', port: 80 }] }

describe('a ClusterSet of three', () => {
  let set: TestClusterSet
  before(async () => {
    set = await TestClusterSet.start(IDS)
  })
  after(() => set.stop())

  /** Every cluster with the namespace reaches exactly these. */
  const reaches = (namespace: string, name: string, expected: string[], ids = IDS) =>
    until(`${ids} reach ${expected} of ${namespace}/${name}`, async () => {
      for (const id of ids) assert.deepEqual(await set.reached(id, namespace, name), expected, id)
      return true
    })
  const ready = (id: string, namespace: string, name: string) =>
    until(`${namespace}/${name} is Ready in ${id}`, async () => {
      const serviceImport = await set.serviceImport(id, namespace, name)
      const condition = serviceImport?.status?.conditions?.find(({ type }) => type === 'Ready')
      return condition?.status === 'True' ? serviceImport : undefined
    })
  const exportCondition = (id: string, namespace: string, name: string, type: string) =>
    set
      .member(id)
      .client.get(SERVICE_EXPORTS, name, namespace)
      .then(({ status }) => status?.conditions?.find(condition => condition.type === type))

  it('imports a service exported in two of them into all three', async () => {
    await set.namespace('basic', ...IDS)
    await set.export('east', 'basic', 'hello', ['10.1.0.1', '10.1.0.2'])
    await set.export('west', 'basic', 'hello', ['10.2.0.1'])
    await reaches('basic', 'hello', ['east: 10.1.0.1', 'east: 10.1.0.2', 'west: 10.2.0.1'])
    for (const id of IDS) {
      const { spec, status } = await ready(id, 'basic', 'hello')
      assert.equal(spec.type, 'ClusterSetIP')
      assert.deepEqual(spec.ports, [{ name: 'http', protocol: 'TCP', port: 80 }])
      const derived = await set.member(id).client.get(SERVICES, derivedServiceName('basic', 'hello'), 'basic')
      assert.deepEqual(spec.ips, derived.spec?.clusterIPs)
      await until(`${id} names both clusters`, async () => {
        const now = await set.serviceImport(id, 'basic', 'hello')
        return now?.status?.clusters?.map(({ cluster }) => cluster).join() === 'east,west'
      })
      assert.equal(status?.endpointSliceObjects, 'Present')
    }
    for (const id of ['east', 'west']) {
      await until(`the export of ${id} is ready`, async () => {
        assert.equal((await exportCondition(id, 'basic', 'hello', 'Valid'))?.reason, 'Valid')
        assert.equal((await exportCondition(id, 'basic', 'hello', 'Ready'))?.reason, 'Exported')
        assert.equal((await exportCondition(id, 'basic', 'hello', 'Conflict'))?.reason, 'NoConflicts')
        return true
      })
    }
  })

  it('follows endpoints, keeps the ClusterSetIP when the oldest export leaves, and forgets with the last', async () => {
    await set.namespace('follow', ...IDS)
    await set.export('east', 'follow', 'hello', ['10.1.0.1'])
    await set.export('west', 'follow', 'hello', ['10.2.0.1'])
    await reaches('follow', 'hello', ['east: 10.1.0.1', 'west: 10.2.0.1'])
    const before = await ready('north', 'follow', 'hello')
    const { client } = set.member('west')
    const slice = await client.get(ENDPOINT_SLICES, 'hello-1', 'follow')
    await client.update(ENDPOINT_SLICES, {
      ...slice,
      endpoints: [...slice.endpoints, { addresses: ['10.2.0.2'] }],
    })
    await reaches('follow', 'hello', ['east: 10.1.0.1', 'west: 10.2.0.1', 'west: 10.2.0.2'])
    await set.unexport('east', 'follow', 'hello')
    await reaches('follow', 'hello', ['west: 10.2.0.1', 'west: 10.2.0.2'])
    assert.deepEqual((await ready('north', 'follow', 'hello')).spec.ips, before.spec.ips)
    await set.unexport('west', 'follow', 'hello')
    await reaches('follow', 'hello', [])
    for (const id of IDS) {
      await until(`nothing is left in ${id}`, async () => {
        assert.equal(await set.serviceImport(id, 'follow', 'hello'), undefined)
        const { items } = await set.member(id).client.list(SERVICES, { namespace: 'follow' })
        return items.every(({ metadata }) => metadata.name === 'hello')
      })
    }
  })

  it('imports where the namespace is, from when it is there', async () => {
    await set.namespace('late', 'east', 'west')
    await set.export('east', 'late', 'hello', ['10.1.0.1'])
    await reaches('late', 'hello', ['east: 10.1.0.1'], ['east', 'west'])
    assert.equal(await set.serviceImport('north', 'late', 'hello'), undefined)
    await set.namespace('late', 'north')
    await reaches('late', 'hello', ['east: 10.1.0.1'], ['north'])
    await set.member('north').client.delete(NAMESPACES, 'late')
    await until('the namespace is gone', async () => {
      const { items } = await set.member('north').client.list(NAMESPACES)
      return items.every(({ metadata }) => metadata.name !== 'late')
    })
    await reaches('late', 'hello', ['east: 10.1.0.1'], ['east', 'west'])
  })

  it('is valid once the Service is there, and not before', async () => {
    await set.namespace('early', ...IDS)
    const { client } = set.member('east')
    await client.create(SERVICE_EXPORTS, {
      apiVersion: 'multicluster.x-k8s.io/v1beta1',
      kind: 'ServiceExport',
      metadata: { namespace: 'early', name: 'hello' },
    })
    await until(
      'NoService',
      async () => (await exportCondition('east', 'early', 'hello', 'Valid'))?.reason === 'NoService',
    )
    await client.create(SERVICES, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'early', name: 'hello' },
      spec: HTTP,
    })
    await until(
      'Valid',
      async () => (await exportCondition('east', 'early', 'hello', 'Valid'))?.reason === 'Valid',
    )
    await ready('north', 'early', 'hello')
    await client.delete(SERVICES, 'hello', 'early')
    await until(
      'NoService again',
      async () => (await exportCondition('east', 'early', 'hello', 'Valid'))?.reason === 'NoService',
    )
    await until('withdrawn', async () => (await set.serviceImport('north', 'early', 'hello')) === undefined)
  })

  it('says on every export that ports differ, and that they no longer do', async () => {
    await set.namespace('ports', ...IDS)
    await set.export('east', 'ports', 'hello', ['10.1.0.1'])
    await until(
      'east is exported',
      async () => (await exportCondition('east', 'ports', 'hello', 'Ready'))?.status === 'True',
    )
    await set.export('west', 'ports', 'hello', ['10.2.0.1'], {
      ports: [
        { name: 'http', port: 80 },
        { name: 'metrics', port: 9090 },
      ],
    })
    for (const id of ['east', 'west']) {
      await until(
        `PortConflict in ${id}`,
        async () => (await exportCondition(id, 'ports', 'hello', 'Conflict'))?.reason === 'PortConflict',
      )
    }
    const { spec } = await ready('north', 'ports', 'hello')
    assert.deepEqual(
      spec.ports.map(({ name }) => name),
      ['http', 'metrics'],
    )
    await set.unexport('west', 'ports', 'hello')
    await until(
      'over',
      async () => (await exportCondition('east', 'ports', 'hello', 'Conflict'))?.reason === 'NoConflicts',
    )
  })

  it('repairs what someone deletes or edits, with the same ClusterSetIP', async () => {
    await set.namespace('repair', ...IDS)
    await set.export('east', 'repair', 'hello', ['10.1.0.1'])
    const { client } = set.member('north')
    const { spec } = await ready('north', 'repair', 'hello')
    const derivedName = derivedServiceName('repair', 'hello')
    const derived = await client.get(SERVICES, derivedName, 'repair')
    await client.delete(SERVICES, derivedName, 'repair')
    await until('made again', async () => {
      const again = await client.get(SERVICES, derivedName, 'repair')
      assert.notEqual(again.metadata.uid, derived.metadata.uid)
      assert.deepEqual(again.spec?.clusterIPs, spec.ips)
      const [slice] = (await set.importedSlices('north', 'repair', 'hello')).get('east') ?? []
      return slice?.metadata.ownerReferences?.[0]?.uid === again.metadata.uid
    })
    await client.patch(SERVICES, derivedName, 'repair', { spec: { selector: { app: 'mine' } } })
    await until(
      'selector is taken off',
      async () => (await client.get(SERVICES, derivedName, 'repair')).spec?.selector === undefined,
    )
    await client.delete(SERVICE_IMPORTS, 'hello', 'repair')
    const again = await ready('north', 'repair', 'hello')
    assert.deepEqual(again.spec.ips, spec.ips)
    const [slice] = (await set.importedSlices('north', 'repair', 'hello')).get('east') ?? []
    assert.ok(slice)
    await client.update(ENDPOINT_SLICES, { ...slice, endpoints: [] })
    await reaches('repair', 'hello', ['east: 10.1.0.1'], ['north'])
  })

  it('leaves alone what a user made in its way, says so, and goes on when it is gone', async () => {
    await set.namespace('way', ...IDS)
    const { client } = set.member('north')
    const derivedName = derivedServiceName('way', 'hello')
    await client.create(SERVICES, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'way', name: derivedName },
      spec: HTTP,
    })
    await client.create(SERVICE_IMPORTS, {
      apiVersion: 'multicluster.x-k8s.io/v1beta1',
      kind: 'ServiceImport',
      metadata: { namespace: 'way', name: 'other' },
      spec: { type: 'ClusterSetIP', ports: [] },
    })
    await set.export('east', 'way', 'hello', ['10.1.0.1'])
    await set.export('east', 'way', 'other', ['10.1.0.1'])
    await until('Pending, with the reason', async () => {
      const { status } = (await set.serviceImport('north', 'way', 'hello')) ?? {}
      const condition = status?.conditions?.find(({ type }) => type === 'Ready')
      return condition?.status === 'False' && condition.message.includes(derivedName)
    })
    assert.deepEqual(await set.reached('north', 'way', 'hello'), [])
    await ready('west', 'way', 'other')
    assert.deepEqual((await set.serviceImport('north', 'way', 'other'))?.spec.ports, [])
    await client.delete(SERVICES, derivedName, 'way')
    await client.delete(SERVICE_IMPORTS, 'other', 'way')
    await ready('north', 'way', 'hello')
    await ready('north', 'way', 'other')
  })

  it('imports headless services without a Service of their own', async () => {
    await set.namespace('headless', ...IDS)
    await set.export('east', 'headless', 'db', ['10.1.0.1'], {
      clusterIP: 'None',
      ports: [{ name: 'sql', port: 5432 }],
    })
    const { spec } = await ready('north', 'headless', 'db')
    assert.deepEqual([spec.type, spec.ips, spec.ipFamilies], ['Headless', undefined, ['IPv4']])
    await reaches('headless', 'db', ['east: 10.1.0.1'])
    const { items } = await set.member('north').client.list(SERVICES, { namespace: 'headless' })
    assert.deepEqual(items, [])
  })

  it('takes silence for nothing: records and indexes deleted, an index that went back', async () => {
    await set.namespace('silence', ...IDS)
    await set.export('east', 'silence', 'hello', ['10.1.0.1'])
    await reaches('silence', 'hello', ['east: 10.1.0.1'])
    await set.stopAgent('east')
    const { client } = set.member('east')
    const index = await client.get(EXPORT_INDEXES, 'index', 'isthmus-exchange')
    await client.delete(EXPORTED_SERVICES, 'hello.silence', 'isthmus-exchange')
    await client.delete(EXPORT_INDEXES, 'index', 'isthmus-exchange')
    const link = () =>
      set
        .member('north')
        .agent?.status()
        .links.find(({ clusterId }) => clusterId === 'east')
    await until('north sees that there is no index', () => link()?.state === 'degraded')
    assert.deepEqual(await set.reached('north', 'silence', 'hello'), ['east: 10.1.0.1'])
    const { resourceVersion: _, uid: __, ...metadata } = index.metadata
    await client.create(EXPORT_INDEXES, {
      ...index,
      metadata,
      spec: { ...index.spec, sequence: 1, services: [] },
    })
    await until('north holds the lower index', () => link()?.state === 'refused')
    assert.deepEqual(await set.reached('north', 'silence', 'hello'), ['east: 10.1.0.1'])
    await set.startAgent('east')
    await until('all is well again', () => link()?.state === 'connected')
    await reaches('silence', 'hello', ['east: 10.1.0.1'])
  })

  it('writes nothing when an agent restarts', async () => {
    await set.namespace('restart', ...IDS)
    await set.export('east', 'restart', 'hello', ['10.1.0.1'])
    await set.export('west', 'restart', 'hello', ['10.2.0.1'])
    await reaches('restart', 'hello', ['east: 10.1.0.1', 'west: 10.2.0.1'])
    for (const id of IDS) {
      const { storage } = set.member(id).server
      await until(`${id} has nothing left to do`, async () => {
        const before = storage.revision
        await new Promise(resolve => setTimeout(resolve, 50))
        return storage.revision === before
      })
      await set.stopAgent(id)
      const before = storage.revision
      const agent = await set.startAgent(id)
      await until('ready', () => agent.ready)
      await until('links are up', () => agent.status().links.every(({ state }) => state === 'connected'))
      await agent.idle()
      // The heartbeat is one.
      assert.ok(storage.revision - before <= 1, `${storage.revision - before} writes by ${id}`)
    }
  })
})
