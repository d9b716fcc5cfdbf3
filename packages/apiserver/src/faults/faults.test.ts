import assert from 'node:assert/strict'
import { once } from 'node:events'
import { connect } from 'node:http2'
import { after, afterEach, before, suite, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { ApiServer } from '../api-server.ts'
import {
  cut,
  delay,
  disconnect,
  type Effect,
  expire,
  refuse,
  repeat,
  replay,
  rewind,
  silence,
  stall,
  truncate,
} from './effects.ts'

const CONFIG_MAPS = { group: '', plural: 'configmaps' }

suite('faults', () => {
  const server = new ApiServer()
  let url: string

  before(async () => {
    url = (await server.listen()).url
    for (const name of ['a', 'b', 'c']) server.local.create(CONFIG_MAPS, { metadata: { name } })
  })
  afterEach(() => server.faults.clear())
  after(() => server.close())

  const get = (path: string, signal?: AbortSignal) => fetch(`${url}${path}`, signal ? { signal } : {})
  const list = '/api/v1/namespaces/default/configmaps'
  const watch = `${list}?watch=true`

  /** Reads an open watch until it has so many events or ends; tells how it ended. */
  async function events(
    response: Response,
    count = Number.POSITIVE_INFINITY,
  ): Promise<{ names: string[]; rest: string; broken: boolean }> {
    let text = ''
    let broken = false
    try {
      for await (const piece of response.body as AsyncIterable<Uint8Array>) {
        text += Buffer.from(piece).toString()
        if (text.split('\n').length > count) break
      }
    } catch {
      broken = true
    }
    const lines = text.split('\n')
    const rest = lines.pop() ?? ''
    return { names: lines.map(line => JSON.parse(line).object.metadata.name), rest, broken }
  }

  test('a request that is stalled gets no answer, others do', async () => {
    const fault = server.faults.add({ match: { verb: 'list', resource: 'configmaps' }, effect: stall() })
    const abort = new AbortController()
    const stalled = get(list, abort.signal).catch((error: Error) => error.name)
    assert.equal((await get('/readyz')).status, 200)
    while (fault.count === 0) await sleep(1)
    assert.equal(await Promise.race([stalled, sleep(20, 'waiting')]), 'waiting')
    abort.abort()
    assert.equal(await stalled, 'AbortError')
  })

  test('a late answer is late', async () => {
    server.faults.add({ effect: delay(30), times: 1 })
    const started = performance.now()
    assert.equal((await get(list)).status, 200)
    assert.ok(performance.now() - started >= 29)
  })

  test('a refusal comes so many times', async () => {
    const fault = server.faults.add({ effect: refuse(429, { retryAfterSeconds: 7 }), times: 2 })
    const answers = [await get(list), await get(list), await get(list)]
    assert.deepEqual(
      answers.map(({ status }) => status),
      [429, 429, 200],
    )
    assert.equal(answers[0]?.headers.get('retry-after'), '7')
    const { reason, details } = JSON.parse((await answers[0]?.text()) ?? '')
    assert.deepEqual({ reason, details }, { reason: 'TooManyRequests', details: { retryAfterSeconds: 7 } })
    assert.equal(fault.count, 2)
  })

  test('the first rule that matches decides, and a rule can be taken back', async () => {
    const broken = server.faults.add({ match: { namespace: 'default' }, effect: refuse(503) })
    server.faults.add({ match: attributes => attributes.verb === 'list', effect: refuse(500) })
    assert.equal((await get(list)).status, 503)
    assert.equal((await get('/api/v1/configmaps')).status, 500)
    broken.remove()
    assert.equal((await get(list)).status, 500)
    assert.equal((await get('/readyz')).status, 200)
  })

  test('a connection breaks before the answer', async () => {
    server.faults.add({ effect: disconnect(), times: 1 })
    await assert.rejects(get(list))
    assert.equal((await get(list)).status, 200)
  })

  test('a connection breaks within the answer', async () => {
    server.faults.add({ effect: truncate(20), times: 1 })
    await assert.rejects((await get(list)).text())
  })

  test('a watch breaks in the middle of an event', async () => {
    server.faults.add({ match: { verb: 'watch' }, effect: cut(2), times: 1 })
    const { names, rest, broken } = await events(await get(watch))
    assert.deepEqual({ names, broken }, { names: ['a', 'b'], broken: true })
    assert.match(rest, /^\{"type":"ADDED"/)
    assert.deepEqual((await events(await get(watch), 3)).names, ['a', 'b', 'c'])
  })

  test('a watch tells everything twice', async () => {
    server.faults.add({ effect: repeat() })
    assert.deepEqual((await events(await get(watch), 6)).names, ['a', 'a', 'b', 'b', 'c', 'c'])
  })

  test('a watch tells older events again', async () => {
    server.faults.add({ effect: replay() })
    const { names } = await events(await get(watch), 5)
    assert.deepEqual(names, ['a', 'b', 'a', 'c', 'a'])
  })

  test('a watch forgets older events that it would tell again', async () => {
    server.faults.add({ effect: replay(1) })
    const reading = events(await get(watch), 7)
    server.local.patch(CONFIG_MAPS, 'default', 'c', { data: { x: 'changed' } })
    assert.deepEqual((await reading).names, ['a', 'b', 'a', 'c', 'a', 'c', 'b'])
  })

  test('a watch begins before the version that was asked for', async () => {
    const { metadata } = (await (await get(list)).json()) as { metadata: { resourceVersion: string } }
    server.local.patch(CONFIG_MAPS, 'default', 'a', { data: { x: 'seen' } })
    const from = Number(metadata.resourceVersion) + 1
    server.local.patch(CONFIG_MAPS, 'default', 'b', { data: { x: 'new' } })
    server.faults.add({ match: { verb: 'watch' }, effect: rewind(1), times: 1 })
    const path = `${watch}&resourceVersion=${from}`
    assert.deepEqual((await events(await get(path), 2)).names, ['a', 'b'])
    assert.deepEqual((await events(await get(path), 1)).names, ['b'])
  })

  test('a watch falls silent', async () => {
    server.faults.add({ effect: silence(1) })
    const silent = events(await get(watch))
    assert.equal(await Promise.race([silent, sleep(30, 'waiting')]), 'waiting')
    server.faults.restore(server.faults.snapshot())
    assert.deepEqual((await silent).names, ['a'])
  })

  test('history is gone when a watch asks for it', async () => {
    const { resourceVersion } = (
      (await (await get(list)).json()) as { metadata: { resourceVersion: string } }
    ).metadata
    server.local.patch(CONFIG_MAPS, 'default', 'a', { data: { x: '1' } })
    server.faults.add({ match: { verb: 'watch' }, effect: expire(), times: 1 })
    const response = await get(`${watch}&resourceVersion=${resourceVersion}`)
    const event = JSON.parse(await response.text())
    assert.deepEqual([event.type, event.object.code], ['ERROR', 410])
  })

  test('an older state comes back, with its versions', async () => {
    const before = server.faults.snapshot()
    server.local.create(CONFIG_MAPS, { metadata: { name: 'later' } })
    const watching = await get(watch)
    server.faults.restore(before)
    assert.equal((await events(watching)).broken, false)
    const { metadata, items } = (await (await get(list)).json()) as {
      metadata: { resourceVersion: string }
      items: unknown[]
    }
    assert.deepEqual([metadata.resourceVersion, items.length], [String(before.revision), 3])
  })
})

suite('faults over HTTP/2', () => {
  const breaking: { what: string; effect: Effect; path: string; received: RegExp }[] = [
    {
      what: 'truncated',
      effect: truncate(20),
      path: '/api/v1/namespaces',
      received: /^\{"kind":"NamespaceLi$/,
    },
    {
      what: 'cut',
      effect: cut(1),
      path: '/api/v1/namespaces?watch=true',
      received: /^\{"type":"ADDED".*\}\n\{"type":"ADDED".*[^}\n]$/s,
    },
  ]
  for (const { what, effect, path, received } of breaking) {
    test(`an answer that is ${what} does not end in order`, async context => {
      const server = new ApiServer({ tls: true, controllers: false })
      const session = connect((await server.listen()).url, { rejectUnauthorized: false })
      context.after(() => {
        session.destroy()
        return server.close()
      })
      server.faults.add({ effect })
      const stream = session.request({ ':path': path })
      let text = ''
      stream.setEncoding('utf8').on('data', piece => {
        text += piece
      })
      const [error] = await once(stream, 'error')
      assert.equal(error.code, 'ERR_HTTP2_STREAM_ERROR')
      assert.match(text, received)
    })
  }
})
