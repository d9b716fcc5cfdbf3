import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type KubernetesObject, SERVICES, type Service } from '@isthmus/api'
import { type ClusterClient, Store } from '@isthmus/kube'
import { cachedWrites } from './cached-writes.ts'

function cluster(answer: () => Partial<Service['metadata']>) {
  const store = new Store<Service>()
  let reached: string | undefined = '10'
  const write = async (_: unknown, object: Service) => ({
    ...object,
    metadata: { ...object.metadata, ...answer() },
  })
  const client = { create: write, update: write, updateStatus: write, delete: async () => {} }
  const trim = (object: Service) => object
  const writes = cachedWrites(client as unknown as ClusterClient, () => ({
    store: store as unknown as Store<KubernetesObject>,
    trim: trim as (object: KubernetesObject) => KubernetesObject,
    reached: () => reached,
  }))
  const reach = (version: string | undefined) => {
    reached = version
  }
  return { store, writes, reach }
}

const service = (metadata: Service['metadata'] = {}): Service => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'demo', name: 'hello', uid: 'u', ...metadata },
})

describe('writes', () => {
  it('are in the cache at once', async () => {
    const { store, writes } = cluster(() => ({ resourceVersion: '11' }))
    await writes.create(SERVICES, service())
    assert.equal(store.get('demo/hello')?.metadata.resourceVersion, '11')
  })

  it('do not replace what the watch has told since', async () => {
    const { store, writes } = cluster(() => ({ resourceVersion: '11' }))
    store.set(service({ resourceVersion: '12' }))
    await writes.update(SERVICES, service())
    assert.equal(store.get('demo/hello')?.metadata.resourceVersion, '12')
  })

  it('do not bring back what the watch told is gone', async () => {
    const { store, writes, reach } = cluster(() => {
      reach('12')
      return { resourceVersion: '11' }
    })
    await writes.update(SERVICES, service())
    assert.equal(store.get('demo/hello'), undefined)
  })

  it('take what they delete out of the cache, unless it stays for a finalizer, or is another object', async () => {
    const { store, writes } = cluster(() => ({}))
    const remaining = async (stored: Service, uid?: string) => {
      store.set(stored)
      await writes.delete(SERVICES, 'hello', 'demo', uid === undefined ? {} : { uid })
      return store.get('demo/hello') !== undefined
    }
    assert.equal(await remaining(service(), 'u'), false)
    assert.equal(await remaining(service({ finalizers: ['a/b'] }), 'u'), true)
    assert.equal(await remaining(service({ uid: 'v' }), 'u'), true)
    assert.equal(await remaining(service()), true)
  })
})
