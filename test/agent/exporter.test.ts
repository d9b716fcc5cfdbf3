/** In which order an exporter writes: a reader never sees a name without what it stands for. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { ENDPOINT_SLICES, EXCHANGE_NAMESPACE, EXPORT_INDEXES, SERVICE_EXPORTS } from '@isthmus/api'
import { effects, type Fault } from '@isthmus/apiserver'
import { TestClusterSet } from '../fixtures/clusterset.ts'
import { until } from '../fixtures/until.ts'

describe('the exporter', () => {
  let set: TestClusterSet
  let writes: string[] = []
  let watched: Fault
  before(async () => {
    set = await TestClusterSet.start(['east'])
    await set.namespace('demo', 'east')
    await until('the first index is written', () => set.member('east').agent?.ready)
    const { server } = set.member('east')
    watched = server.faults.add({
      // Never matches: it only looks.
      match: (attributes, { method }) => {
        if ('resource' in attributes && attributes.group === 'isthmus.dev' && method !== 'GET')
          writes.push(`${attributes.verb} ${attributes.resource}`)
        return false
      },
      effect: effects.stall(),
    })
  })
  after(async () => {
    watched.remove()
    await set.stop()
  })

  const writesOf = async (act: () => Promise<unknown>, last: string) => {
    writes = []
    await act()
    await until(`${last} is written`, () => writes.includes(last))
    await set.member('east').agent?.idle()
    return writes
  }

  it('adds chunks, then the service, then the index', async () => {
    const { client } = set.member('east')
    const slice = (name: string) => ({
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { namespace: 'demo', name, labels: { 'kubernetes.io/service-name': 'hello' } },
      addressType: 'IPv4' as const,
      ports: [{ name: 'http', protocol: 'TCP' as const, port: 80 }],
      endpoints: [{ addresses: ['10.1.0.9'] }],
    })
    await client.create(ENDPOINT_SLICES, slice('hello-2'))
    await client.create(ENDPOINT_SLICES, slice('hello-3'))
    const order = await writesOf(
      () => set.export('east', 'demo', 'hello', ['10.1.0.1']),
      'update exportindexes',
    )
    assert.deepEqual(order, [
      'create exportedendpoints',
      'create exportedendpoints',
      'create exportedendpoints',
      'create exportedservices',
      'update exportindexes',
    ])
  })

  it('rewrites of many slices the one that changed, and neither service nor index', async () => {
    const { client } = set.member('east')
    const order = await writesOf(
      () => client.patch(ENDPOINT_SLICES, 'hello-2', 'demo', { endpoints: [{ addresses: ['10.1.0.8'] }] }),
      'update exportedendpoints',
    )
    assert.deepEqual(order, ['update exportedendpoints'])
  })

  it('takes a slice that is gone out of the service first', async () => {
    const { client } = set.member('east')
    const order = await writesOf(
      () => client.delete(ENDPOINT_SLICES, 'hello-3', 'demo'),
      'delete exportedendpoints',
    )
    assert.deepEqual(order, ['update exportedservices', 'delete exportedendpoints'])
  })

  it('withdraws the index, then the service, then chunks', async () => {
    const { client } = set.member('east')
    const order = await writesOf(async () => {
      await client.delete(SERVICE_EXPORTS, 'hello', 'demo')
      await until(
        'all chunks are gone',
        () => writes.filter(w => w === 'delete exportedendpoints').length === 2,
      )
    }, 'delete exportedendpoints')
    assert.deepEqual(order, [
      'update exportindexes',
      'delete exportedservices',
      'delete exportedendpoints',
      'delete exportedendpoints',
    ])
  })

  it('tells of many withdrawals in a row together, and of the first at once', async () => {
    const { client } = set.member('east')
    const names = Array.from({ length: 30 }, (_, n) => `many-${n}`)
    await Promise.all(names.map(name => set.export('east', 'demo', name, ['10.1.0.1'])))
    const named = async () => {
      const { spec } = await client.get(EXPORT_INDEXES, 'index', EXCHANGE_NAMESPACE)
      return spec.services.filter(key => key.startsWith('demo/many-')).length
    }
    await until('all are named', async () => (await named()) === names.length)
    await set.member('east').agent?.idle()
    writes = []
    const from = performance.now()
    await client.delete(SERVICE_EXPORTS, 'many-0', 'demo')
    await until('the first is withdrawn', async () => (await named()) < names.length)
    for (const name of names.slice(1)) await client.delete(SERVICE_EXPORTS, name, 'demo')
    await until('none is named', async () => (await named()) === 0)
    const took = performance.now() - from
    const count = writes.filter(write => write === 'update exportindexes').length
    assert.ok(count <= took / 75 + 1, `${count} writes in ${Math.round(took)} ms`)
    assert.ok(count < names.length / 2, `${count} writes`)
  })

  it('says Exported only when record and index are stored', async () => {
    const { server, client } = set.member('east')
    const fault = server.faults.add({
      match: { verb: 'update', resource: 'exportindexes' },
      effect: effects.refuse(500),
    })
    await set.export('east', 'demo', 'late', ['10.1.0.1'])
    const ready = async () => {
      const { status } = await client.get(SERVICE_EXPORTS, 'late', 'demo')
      return status?.conditions?.find(({ type }) => type === 'Ready')
    }
    await until('the record is stored, the index is not', async () => fault.count > 0)
    await until('Pending', async () => (await ready())?.message === 'the index does not name the record yet')
    fault.remove()
    await until('Exported', async () => (await ready())?.reason === 'Exported')
  })
})
