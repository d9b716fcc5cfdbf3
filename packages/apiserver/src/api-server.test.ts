/** What the recorded transcripts do not show: the API in process, many watchers, slow ones, long lists. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { get, type IncomingMessage } from 'node:http'
import { connect } from 'node:net'
import { after, before, describe, test } from 'node:test'
import { ApiServer } from './api-server.ts'
import { StatusError } from './status/status.ts'

const CONFIG_MAPS = { group: '', plural: 'configmaps' }
const server = new ApiServer({ controllers: false })
let url = ''

before(async () => {
  url = (await server.listen()).url
})
after(() => server.close())

const configMap = (name: string, data: Record<string, string> = {}) => ({
  metadata: { name, namespace: 'default' },
  data,
})

type Item = { readonly metadata: { readonly name: string } }
const nameOf = ({ metadata }: Item): string => metadata.name

const open = (path: string) =>
  new Promise<IncomingMessage>((resolve, reject) => get(url + path, resolve).on('error', reject))

describe('in process', () => {
  test('the verbs, with errors as over HTTP', () => {
    const api = server.local
    const made = api.create(CONFIG_MAPS, configMap('verbs', { a: '1' }))
    assert.equal(
      api.patch(CONFIG_MAPS, 'default', 'verbs', { data: { b: '2' } }).metadata.uid,
      made.metadata.uid,
    )
    assert.deepEqual(api.get(CONFIG_MAPS, 'default', 'verbs')?.data, { a: '1', b: '2' })
    const stale = { ...configMap('verbs'), metadata: made.metadata }
    assert.throws(
      () => api.update(CONFIG_MAPS, stale),
      (error: unknown) => error instanceof StatusError && error.status.reason === 'Conflict',
    )
    assert.equal(api.delete(CONFIG_MAPS, 'default', 'verbs').isGone, true)
    assert.equal(api.get(CONFIG_MAPS, 'default', 'verbs'), undefined)
  })

  test('a watch tells what is there and every change, never within the write', async () => {
    const events: string[] = []
    server.local.create(CONFIG_MAPS, configMap('w0'))
    const stop = server.local.watch(CONFIG_MAPS, ({ type, object }) => {
      if (object.metadata.name.startsWith('w')) events.push(`${type} ${object.metadata.name}`)
      // A callback may write.
      if (type === 'ADDED' && object.metadata.name === 'w0') server.local.create(CONFIG_MAPS, configMap('w1'))
    })
    server.local.delete(CONFIG_MAPS, 'default', 'w0')
    assert.deepEqual(events, [])
    while (events.length < 3) await new Promise(done => setImmediate(done))
    stop()
    assert.deepEqual(events, ['ADDED w0', 'DELETED w0', 'ADDED w1'])
  })
})

describe('over HTTP', () => {
  test('a watcher that does not read is cut off, the others go on', async () => {
    const { port } = new URL(url)
    const slow = connect(Number(port), '127.0.0.1')
    slow.write(
      'GET /api/v1/configmaps?watch=true&fieldSelector=metadata.name=big HTTP/1.1\r\nHost: x\r\n\r\n',
    )
    await once(slow, 'readable')
    slow.on('error', () => {})
    const fast = await open('/api/v1/configmaps?watch=true&fieldSelector=metadata.name=big')
    let lines = 0
    fast.setEncoding('utf8').on('data', (text: string) => {
      lines += text.split('\n').length - 1
    })
    let stored = server.local.create(CONFIG_MAPS, configMap('big'))
    const data = 'x'.repeat(3000)
    const closed = once(slow, 'close')
    for (let i = 0; i < 7000; i++) {
      const next = { ...stored, metadata: { ...stored.metadata }, data: { i: `${i}${data}` } }
      stored = server.storage.update(CONFIG_MAPS, next, stored.metadata.resourceVersion)
      if (i % 100 === 0) await new Promise(done => setImmediate(done))
    }
    slow.resume()
    await closed
    while (lines < 7001) await once(fast, 'data')
    fast.destroy()
    server.local.delete(CONFIG_MAPS, 'default', 'big')
  })

  test('a long list comes whole, in pieces', async () => {
    for (let i = 0; i < 3000; i++)
      server.local.create(CONFIG_MAPS, configMap(`long-${i}`, { k: 'x'.repeat(100) }))
    const response = await open('/api/v1/namespaces/default/configmaps')
    assert.equal(response.headers['transfer-encoding'], 'chunked')
    const chunks = await response.toArray()
    const { items } = JSON.parse(Buffer.concat(chunks).toString())
    assert.equal(new Set(items.map(nameOf)).size, items.length)
    assert.equal(items.filter((item: Item) => nameOf(item).startsWith('long-')).length, 3000)
  })

  test('a watch in YAML is refused, a list is not', async () => {
    const list = `${url}/api/v1/namespaces/default/configmaps`
    const headers = { accept: 'application/yaml' }
    const answers = await Promise.all([fetch(list, { headers }), fetch(`${list}?watch=true`, { headers })])
    assert.deepEqual(
      answers.map(({ status }) => status),
      [200, 406],
    )
    await Promise.all(answers.map(answer => answer.text()))
  })

  test('a restore of the storage ends watches', async () => {
    const saved = server.storage.contents()
    const watch = await open('/api/v1/configmaps?watch=true')
    watch.resume()
    server.storage.restore(saved)
    await once(watch, 'end')
  })
})

test('a server that listens again serves what is defined then', async context => {
  const server = new ApiServer({ controllers: false })
  await server.listen()
  await server.close()
  const { url } = await server.listen()
  context.after(() => server.close())
  server.local.create(
    { group: 'apiextensions.k8s.io', plural: 'customresourcedefinitions' },
    {
      metadata: { name: 'things.example.test' },
      spec: {
        group: 'example.test',
        scope: 'Cluster',
        names: { kind: 'Thing', plural: 'things' },
        versions: [
          { name: 'v1', served: true, storage: true, schema: { openAPIV3Schema: { type: 'object' } } },
        ],
      },
    },
  )
  await new Promise(setImmediate)
  assert.equal((await fetch(`${url}/apis/example.test/v1/things`)).status, 200)
})
