import assert from 'node:assert/strict'
import { connect } from 'node:net'
import { type TestContext, test } from 'node:test'
import { Gauge, Registry } from 'prom-client'
import { serveHealth } from './serve-health.ts'

async function serve(t: TestContext, reasons: string[] = []) {
  const metrics = new Registry()
  new Gauge({ name: 'isthmus_imports', help: 'Imports.', registers: [metrics] }).set(3)
  const agent = {
    get ready() {
      return reasons.length === 0
    },
    status: () => ({ reasons }),
    metrics,
  }
  const server = await serveHealth({ agent, port: 0 })
  t.after(() => server.close())
  return { ...server, reasons }
}

test('it is ready when the agent is, and tells why not, a reason a line', async t => {
  const { url, reasons } = await serve(t, ['services are not listed yet', 'link west: connecting'])
  const waiting = await fetch(`${url}/readyz`)
  assert.equal(waiting.status, 503)
  assert.equal(await waiting.text(), 'services are not listed yet\nlink west: connecting\n')
  assert.equal((await fetch(`${url}/healthz`)).status, 200)
  reasons.length = 0
  assert.equal((await fetch(`${url}/readyz?verbose`)).status, 200)
})

test('metrics are in the text format of Prometheus', async t => {
  const { url } = await serve(t)
  const response = await fetch(`${url}/metrics`)
  assert.match(response.headers.get('content-type') ?? '', /text\/plain; version=0\.0\.4/)
  assert.match(await response.text(), /^isthmus_imports 3$/m)
})

test('nothing but GET and HEAD of the three pages is answered', async t => {
  const { url } = await serve(t)
  const head = await fetch(`${url}/healthz`, { method: 'HEAD' })
  assert.deepEqual([head.status, await head.text()], [200, ''])
  const post = await fetch(`${url}/healthz`, { method: 'POST', body: 'x' })
  assert.deepEqual([post.status, post.headers.get('allow')], [405, 'GET, HEAD'])
  for (const path of ['/', '/metrics/', '/constructor', '/__proto__']) {
    assert.equal((await fetch(url + path)).status, 404)
  }
})

test('headers beyond the limit are refused', async t => {
  const { url } = await serve(t)
  const response = await fetch(`${url}/healthz`, { headers: { 'x-long': 'x'.repeat(9_000) } })
  assert.equal(response.status, 431)
})

test('closing does not wait for connections that stay open', async t => {
  const { url, close } = await serve(t)
  const socket = connect(Number(new URL(url).port), '127.0.0.1')
  const closed = new Promise(resolve => socket.once('close', resolve))
  await new Promise(resolve => socket.once('connect', resolve))
  await close()
  await closed
})

test('a port in use is told in one sentence', async t => {
  const { url } = await serve(t)
  const agent = { ready: true, status: () => ({ reasons: [] }), metrics: new Registry() }
  await assert.rejects(serveHealth({ agent, port: Number(new URL(url).port) }), {
    code: 'ISTHMUS_HEALTH_PORT_IN_USE',
    exitCode: 69,
    message: /127\.0\.0\.1:\d+: the port is in use/,
  })
})
