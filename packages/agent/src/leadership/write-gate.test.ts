import assert from 'node:assert/strict'
import { it } from 'node:test'
import { SERVICES, type Service } from '@isthmus/api'
import type { ClusterClient, WriteOptions } from '@isthmus/kube'
import { NotLeadingError, WriteGate } from './write-gate.ts'

const service: Service = { apiVersion: 'v1', kind: 'Service', metadata: { namespace: 'demo', name: 'hello' } }

function gated() {
  const writes: string[] = []
  let hangs = false
  const write = (what: string, options: WriteOptions | undefined) => {
    writes.push(what)
    const { promise, resolve, reject } = Promise.withResolvers<Service>()
    options?.signal?.addEventListener('abort', () => reject(options.signal?.reason))
    if (!hangs) resolve(service)
    return promise
  }
  const client = {
    get: async () => service,
    create: (_: unknown, _object: unknown, options?: WriteOptions) => write('create', options),
    update: (_: unknown, _object: unknown, options?: WriteOptions) => write('update', options),
    updateStatus: (_: unknown, _object: unknown, options?: WriteOptions) => write('updateStatus', options),
    patch: (_: unknown, _n: unknown, _ns: unknown, _p: unknown, options?: WriteOptions) =>
      write('patch', options),
    delete: (_: unknown, _n: unknown, _ns: unknown, options?: WriteOptions) => write('delete', options),
  }
  const gate = new WriteGate(client as unknown as ClusterClient, () => {})
  const all = () => {
    const { client } = gate
    return Promise.allSettled([
      client.create(SERVICES, service),
      client.update(SERVICES, service),
      client.updateStatus(SERVICES, service),
      client.patch(SERVICES, 'hello', 'demo', {}),
      client.delete(SERVICES, 'hello', 'demo'),
    ])
  }
  return {
    gate,
    writes,
    all,
    hang: () => {
      hangs = true
    },
  }
}

it('writes pass while the agent leads, and at no other time; reads always do', async () => {
  const { gate, writes, all } = gated()
  let isLeading = true
  const refused = async () => {
    writes.length = 0
    for (const result of await all())
      assert.ok(result.status === 'rejected' && result.reason instanceof NotLeadingError)
    assert.deepEqual(writes, [])
    assert.equal(await gate.client.get(SERVICES, 'hello', 'demo'), service)
  }
  await refused()
  gate.open(() => isLeading)
  for (const { status } of await all()) assert.equal(status, 'fulfilled')
  assert.deepEqual(writes, ['create', 'update', 'updateStatus', 'patch', 'delete'])
  // A process that was paused: nobody has closed the gate yet.
  isLeading = false
  await refused()
  isLeading = true
  gate.close()
  await refused()
  gate.open(() => isLeading)
  for (const { status } of await all()) assert.equal(status, 'fulfilled')
})

it('what is under way ends when the gate closes, or when the writer says so', async () => {
  const { gate, all, hang } = gated()
  gate.open(() => true)
  hang()
  const own = new AbortController()
  const single = gate.client.create(SERVICES, service, { signal: own.signal })
  own.abort(new Error('own'))
  await assert.rejects(single, /own/)
  const pending = all()
  gate.close()
  for (const { status } of await pending) assert.equal(status, 'rejected')
})
