/** What the agent tells people by Kubernetes Events. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  ENDPOINT_SLICES,
  EVENTS,
  EXPORT_INDEXES,
  EXPORTED_SERVICES,
  SERVICE_EXPORTS,
  SERVICE_IMPORTS,
  SERVICES,
} from '@isthmus/api'
import { effects } from '@isthmus/apiserver'
import { derivedServiceName } from '@isthmus/core'
import { TestClusterSet } from '../fixtures/clusterset.ts'
import { until } from '../fixtures/until.ts'
import { eventOf, eventsIn } from './events-of.ts'

const IDS = ['east', 'west', 'north']

describe('events of the agent', () => {
  let set: TestClusterSet
  before(async () => {
    set = await TestClusterSet.start(IDS)
  })
  after(() => set.stop())

  const told = (id: string, namespace: string, object: string, reason: string) =>
    until(`${id} tells ${reason} of ${object}`, () => eventOf(set.member(id), namespace, object, reason))
  const ready = (id: string, namespace: string, name: string) =>
    until(`${namespace}/${name} is Ready in ${id}`, async () => {
      const serviceImport = await set.serviceImport(id, namespace, name)
      return serviceImport?.status?.conditions?.[0]?.status === 'True' ? serviceImport : undefined
    })
  const idle = async () => {
    for (const id of IDS) await set.member(id).agent?.idle()
  }

  it('tell of a conflict, of another winner, and of its end', async () => {
    await set.namespace('conflict', ...IDS)
    const affinity = (sessionAffinity: 'None' | 'ClientIP') => ({
      sessionAffinity,
      ports: [{ name: 'http', port: 80 }],
    })
    await set.export('east', 'conflict', 'hello', ['10.1.0.1'], affinity('ClientIP'))
    await ready('north', 'conflict', 'hello')
    // Precedence goes by whole seconds, then by name: east, north, west.
    await set.export('north', 'conflict', 'hello', ['10.3.0.1'], affinity('None'))
    await set.export('west', 'conflict', 'hello', ['10.2.0.1'], affinity('ClientIP'))
    for (const id of IDS) {
      const raised = await told(id, 'conflict', 'ServiceExport/hello', 'Conflict')
      assert.equal(raised.type, 'Warning')
      assert.match(raised.note ?? '', /^SessionAffinityConflict/)
      assert.match(raised.note ?? '', /east/)
    }
    await until('north and west disagree too', async () => {
      const { status } = await set.member('west').client.get(SERVICE_EXPORTS, 'hello', 'conflict')
      return status?.conditions?.some(({ message }) => /1 of 3 clusters/.test(message))
    })
    await set.unexport('east', 'conflict', 'hello')
    for (const id of ['west', 'north']) {
      const changed = await told(id, 'conflict', 'ServiceExport/hello', 'WinnerChanged')
      assert.match(changed.note ?? '', /north|west/)
      assert.match(changed.note ?? '', /no longer that of east/)
    }
    await set.unexport('north', 'conflict', 'hello')
    const over = await told('west', 'conflict', 'ServiceExport/hello', 'ConflictResolved')
    assert.equal(over.type, 'Normal')
  })

  it('tell why an export is not valid, and that it is now', async () => {
    await set.namespace('invalid', 'east')
    const { client } = set.member('east')
    await client.create(SERVICE_EXPORTS, {
      apiVersion: 'multicluster.x-k8s.io/v1beta1',
      kind: 'ServiceExport',
      metadata: { namespace: 'invalid', name: 'hello' },
    })
    const event = await told('east', 'invalid', 'ServiceExport/hello', 'NoService')
    const { metadata } = await client.get(SERVICE_EXPORTS, 'hello', 'invalid')
    assert.equal(event.regarding?.uid, metadata.uid)
    assert.equal(event.type, 'Warning')
    assert.equal(event.reportingInstance, 'isthmus-east')
    await client.create(SERVICES, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'invalid', name: 'hello' },
      spec: { ports: [{ port: 80 }] },
    })
    assert.equal((await told('east', 'invalid', 'ServiceExport/hello', 'Valid')).type, 'Normal')
  })

  it('count what happens again as a series', async () => {
    await set.namespace('series', 'east')
    const { client } = set.member('east')
    const metadata = { namespace: 'series', name: 'hello' }
    await set.export('east', 'series', 'hello', ['10.1.0.1'])
    for (let n = 1; n <= 3; n++) {
      await client.delete(SERVICES, 'hello', 'series')
      await until(`NoService, ${n} times`, async () => {
        const event = await eventOf(set.member('east'), 'series', 'ServiceExport/hello', 'NoService')
        return (event?.series?.count ?? (event === undefined ? 0 : 1)) === n
      })
      await client.create(SERVICES, {
        apiVersion: 'v1',
        kind: 'Service',
        metadata,
        spec: { ports: [{ port: 80 }] },
      })
      await until('valid again', async () => {
        const { status } = await client.get(SERVICE_EXPORTS, 'hello', 'series')
        return status?.conditions?.some(({ type, status }) => type === 'Valid' && status === 'True')
      })
    }
    const events = await eventsIn(set.member('east'), 'series')
    assert.equal(events.filter(({ reason }) => reason === 'NoService').length, 1)
  })

  it('tell of repairs of what somebody deleted or edited', async () => {
    await set.namespace('repair', ...IDS)
    await set.export('east', 'repair', 'hello', ['10.1.0.1'])
    await ready('north', 'repair', 'hello')
    await idle()
    const { client } = set.member('north')
    const derivedName = derivedServiceName('repair', 'hello')
    const repaired = (note: RegExp) =>
      until(`north tells: ${note}`, async () => {
        const events = await eventsIn(set.member('north'), 'repair')
        return events.some(event => event.reason === 'Repaired' && note.test(event.note ?? ''))
      })
    await client.delete(SERVICES, derivedName, 'repair')
    await repaired(/^the derived Service .* was deleted by somebody/)
    await client.patch(SERVICES, derivedName, 'repair', { spec: { selector: { app: 'mine' } } })
    await repaired(/^the derived Service .* was edited by somebody/)
    await client.delete(SERVICE_IMPORTS, 'hello', 'repair')
    await repaired(/^this ServiceImport hello was deleted by somebody/)
    await client.patch(SERVICE_IMPORTS, 'hello', 'repair', { spec: { sessionAffinity: 'ClientIP' } })
    await repaired(/^this ServiceImport hello was edited by somebody/)
    const slice = async () => (await set.importedSlices('north', 'repair', 'hello')).get('east')?.[0]
    await client.patch(ENDPOINT_SLICES, (await slice())?.metadata.name ?? '', 'repair', { endpoints: [] })
    await repaired(/^the imported EndpointSlice .* was edited by somebody/)
    await client.delete(ENDPOINT_SLICES, (await slice())?.metadata.name ?? '', 'repair')
    await repaired(/^the imported EndpointSlice .* was deleted by somebody/)
    await until('all is as before', async () => (await set.reached('north', 'repair', 'hello')).length === 1)
  })

  it('do not call repairs what the exporters changed', async () => {
    await set.namespace('changes', ...IDS)
    await set.export('east', 'changes', 'hello', ['10.1.0.1'])
    await ready('north', 'changes', 'hello')
    const { client } = set.member('east')
    await client.patch(ENDPOINT_SLICES, 'hello-1', 'changes', { endpoints: [{ addresses: ['10.1.0.9'] }] })
    await client.patch(SERVICES, 'hello', 'changes', { spec: { sessionAffinity: 'ClientIP' } })
    await until('followed', async () => {
      assert.deepEqual(await set.reached('north', 'changes', 'hello'), ['east: 10.1.0.9'])
      return (await set.serviceImport('north', 'changes', 'hello'))?.spec.sessionAffinity === 'ClientIP'
    })
    await set.unexport('east', 'changes', 'hello')
    await until('withdrawn', async () => (await set.serviceImport('north', 'changes', 'hello')) === undefined)
    await set.member('east').client.create(SERVICE_EXPORTS, {
      apiVersion: 'multicluster.x-k8s.io/v1beta1',
      kind: 'ServiceExport',
      metadata: { namespace: 'changes', name: 'hello' },
    })
    await ready('north', 'changes', 'hello')
    await idle()
    assert.deepEqual(
      (await eventsIn(set.member('north'), 'changes')).filter(({ reason }) => reason === 'Repaired'),
      [],
    )
  })

  it('tell what of a user is in the way', async () => {
    await set.namespace('way', ...IDS)
    const { client } = set.member('north')
    await client.create(SERVICES, {
      apiVersion: 'v1',
      kind: 'Service',
      metadata: { namespace: 'way', name: derivedServiceName('way', 'hello') },
      spec: { ports: [{ port: 80 }] },
    })
    const foreign = await client.create(SERVICE_IMPORTS, {
      apiVersion: 'multicluster.x-k8s.io/v1beta1',
      kind: 'ServiceImport',
      metadata: { namespace: 'way', name: 'other' },
      spec: { type: 'ClusterSetIP', ports: [] },
    })
    await set.export('east', 'way', 'hello', ['10.1.0.1'])
    await set.export('east', 'way', 'other', ['10.1.0.1'])
    await told('north', 'way', 'ServiceImport/hello', 'NameTaken')
    const event = await told('north', 'way', 'ServiceImport/other', 'NameTaken')
    assert.equal(event.regarding?.uid, foreign.metadata.uid)
    assert.deepEqual((await client.get(SERVICE_IMPORTS, 'other', 'way')).metadata, foreign.metadata)
  })

  it('tell which rule refuses a record, and the rest goes on', async () => {
    await set.namespace('refused', ...IDS)
    await set.export('west', 'refused', 'hello', ['10.2.0.1'])
    await set.export('east', 'refused', 'hello', ['10.1.0.1'])
    await until('both are reached', async () => (await set.reached('west', 'refused', 'hello')).length === 2)
    await set.member('east').client.patch(SERVICE_EXPORTS, 'hello', 'refused', {
      spec: { exportedLabels: { 'kubernetes.io/metadata.name': 'x' } },
    })
    for (const object of ['ServiceExport/hello', 'ServiceImport/hello']) {
      const event = await told('west', 'refused', object, 'RecordRefused')
      assert.match(
        event.note ?? '',
        /cluster east.*labels: kubernetes\.io\/metadata\.name has a reserved prefix/,
      )
    }
    const own = await told('east', 'refused', 'ServiceExport/hello', 'RecordRefused')
    assert.match(own.note ?? '', /reserved prefix/)
    const { status } = await set.member('east').client.get(SERVICE_EXPORTS, 'hello', 'refused')
    const condition = status?.conditions?.find(({ type }) => type === 'Ready')
    assert.equal(condition?.status, 'True')
    assert.match(condition.message, /left out: labels: kubernetes\.io/)
    assert.equal((await set.reached('west', 'refused', 'hello')).length, 2)
  })

  it('tell of an index that is held', async () => {
    await set.namespace('held', ...IDS)
    await set.export('east', 'held', 'hello', ['10.1.0.1'])
    await ready('north', 'held', 'hello')
    await set.stopAgent('east')
    const { client } = set.member('east')
    const index = await client.get(EXPORT_INDEXES, 'index', 'isthmus-exchange')
    await client.update(EXPORT_INDEXES, { ...index, spec: { ...index.spec, sequence: 1, services: [] } })
    const event = await told('north', 'isthmus-system', 'Namespace/isthmus-system', 'IndexHeld')
    assert.match(event.note ?? '', /cluster east .* went back from sequence/)
    await set.startAgent('east')
    await until('all is well again', () =>
      set
        .member('north')
        .agent?.status()
        .links.every(({ state }) => state === 'connected'),
    )
  })

  it('are none in steady state, nor after a restart', async () => {
    // A conflict of three, of whom a restarted agent knows one after the other.
    await set.namespace('steady', ...IDS)
    for (const [i, id] of IDS.entries()) {
      await set.export(id, 'steady', 'hello', [`10.${i}.0.1`], { ports: [{ name: 'http', port: 80 + i }] })
    }
    for (const id of IDS) {
      await until(`${id} knows that all three differ`, async () => {
        const { status } = await set.member(id).client.get(SERVICE_EXPORTS, 'hello', 'steady')
        return status?.conditions?.some(({ message }) => /2 of 3 clusters/.test(message))
      })
    }
    await idle()
    const revisions = async () => {
      const lists = await Promise.all(IDS.map(id => set.member(id).client.list(EVENTS)))
      return lists.map(({ items }) =>
        items.map(({ metadata }) => `${metadata.name} ${metadata.resourceVersion}`),
      )
    }
    const before = await revisions()
    for (const id of IDS) {
      await set.stopAgent(id)
      const agent = await set.startAgent(id)
      await until('ready', () => agent.ready)
      await until('linked', () => agent.status().links.every(({ state }) => state === 'connected'))
    }
    await idle()
    assert.deepEqual(await revisions(), before)
  })

  it('that cannot be written hold nothing up', async () => {
    const { server } = set.member('east')
    const fault = server.faults.add({ match: { group: 'events.k8s.io' }, effect: effects.stall() })
    await set.namespace('stalled', ...IDS)
    await set.export('east', 'stalled', 'hello', ['10.1.0.1'])
    await set.member('east').client.delete(SERVICES, 'hello', 'stalled')
    await until('the condition is written all the same', async () => {
      const { status } = await set.member('east').client.get(SERVICE_EXPORTS, 'hello', 'stalled')
      return status?.conditions?.some(({ reason }) => reason === 'NoService')
    })
    await until('an event was tried', () => fault.count > 0)
    await set.export('east', 'stalled', 'other', ['10.1.0.1'])
    await ready('north', 'stalled', 'other')
    assert.ok(await set.member('east').client.get(EXPORTED_SERVICES, 'other.stalled', 'isthmus-exchange'))
    const stopped = performance.now()
    await set.stopAgent('east')
    assert.ok(performance.now() - stopped < 2_000, 'the agent stops without waiting for it')
    fault.remove()
    await set.startAgent('east')
  })
})
