/** After a start, one record that cannot be written holds up no other, and withdraws nothing. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  ENDPOINT_SLICES,
  EXCHANGE_NAMESPACE,
  EXPORT_INDEXES,
  EXPORTED_SERVICES,
  SERVICE_IMPORTS,
} from '@isthmus/api'
import { effects } from '@isthmus/apiserver'
import { TestClusterSet } from '../fixtures/clusterset.ts'
import { until } from '../fixtures/until.ts'

const NAMES = ['a', 'b', 'c']

describe('a record that cannot be written', () => {
  let set: TestClusterSet
  before(async () => {
    set = await TestClusterSet.start(['east', 'west'])
    await set.namespace('demo', 'east', 'west')
    for (const name of NAMES) await set.export('east', 'demo', name, ['10.1.0.1'])
    for (const name of NAMES) await imported(name)
  })
  after(() => set.stop())

  const east = () => set.member('east').client
  const imported = (name: string) =>
    until(`${name} is imported`, async () => (await set.reached('west', 'demo', name)).length === 1)
  const gone = (name: string) =>
    until(`${name} is gone`, async () => (await set.serviceImport('west', 'demo', name)) === undefined)
  const uid = async (name: string) => {
    const { metadata } = await set.member('west').client.get(SERVICE_IMPORTS, name, 'demo')
    const { items } = await set.member('west').client.list(ENDPOINT_SLICES, {
      namespace: 'demo',
      labelSelector: `multicluster.kubernetes.io/service-name=${name}`,
    })
    return [metadata.uid, ...items.map(slice => slice.metadata.uid)]
  }

  it('leaves what importers know of it, while others come and go', async () => {
    const before = await uid('b')
    await set.stopAgent('east')
    // As of an exchange that was restored to an older state: b is to be written anew, which a webhook prevents.
    const old = await east().get(EXPORTED_SERVICES, 'b.demo', EXCHANGE_NAMESPACE)
    await east().update(EXPORTED_SERVICES, { ...old, spec: { ...old.spec, sessionAffinity: 'ClientIP' } })
    await east().delete(EXPORT_INDEXES, 'index', EXCHANGE_NAMESPACE)
    const fault = set.member('east').server.faults.add({
      match: { verb: 'update', resource: 'exportedservices', name: 'b.demo' },
      effect: effects.refuse(500),
    })
    await set.startAgent('east')
    await set.export('east', 'demo', 'd', ['10.1.0.1'])
    await imported('d')
    await set.unexport('east', 'demo', 'a')
    await gone('a')
    assert.ok(fault.count > 0)
    const { spec } = await east().get(EXPORT_INDEXES, 'index', EXCHANGE_NAMESPACE)
    assert.deepEqual(spec.services, ['demo/b', 'demo/c', 'demo/d'])
    assert.deepEqual(await uid('b'), before)
    assert.deepEqual(set.member('east').agent?.status().reasons, [
      'the record of demo/b could not be written yet; it is tried again',
    ])
    await set.unexport('east', 'demo', 'b')
    await gone('b')
    await until('it is ready', () => set.member('east').agent?.ready)
    fault.remove()
  })
})
