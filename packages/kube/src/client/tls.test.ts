import assert from 'node:assert/strict'
import { createServer } from 'node:http'
import { type AddressInfo, connect as connectSocket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { SERVICES } from '@isthmus/api'
import { type StaticCredentialsOptions, staticCredentials } from '../credentials/credentials.ts'
import { TestAuthority } from '../testing/certificates.ts'
import { eventually } from '../testing/eventually.ts'
import { TlsServer, type TlsServerOptions } from '../testing/tls-server.ts'
import type { ClusterClient } from './cluster-client.ts'
import { connect } from './connect.ts'
import { ConnectionError } from './connection-error.ts'

const authority = await TestAuthority.create()
const pem = await authority.issue('server', ['127.0.0.1', 'east.example'])

async function serve(context: TestContext, options: Partial<TlsServerOptions> = {}): Promise<TlsServer> {
  const server = await TlsServer.start({ ...pem, ...options })
  context.after(() => server[Symbol.asyncDispose]())
  return server
}

function client(context: TestContext, credentials: Partial<StaticCredentialsOptions> & { server: string }) {
  const client = connect(staticCredentials({ tls: { ca: authority.ca }, ...credentials }))
  context.after(() => client.close())
  return client
}

async function ask(client: ClusterClient): Promise<Record<string, string>> {
  return JSON.parse((await client.raw('/how')).body)
}

/** Follows a watch; `events` grows, `ended` is set to the error or to null. */
function follow(client: ClusterClient) {
  const followed = { events: [] as string[], ended: undefined as unknown }
  const reading = async () => {
    for await (const { object } of client.watch(SERVICES)) followed.events.push(object.metadata.name ?? '')
  }
  reading().then(
    () => (followed.ended = null),
    error => (followed.ended = error),
  )
  return followed
}

test('each watch has a connection of its own, and requests share some', async context => {
  const server = await serve(context)
  const cluster = client(context, { server: server.url })
  const watches = Array.from({ length: 20 }, () => follow(cluster))
  await eventually(() => server.watches === 20)
  await Promise.all(Array.from({ length: 100 }, () => ask(cluster)))
  assert.ok(server.connections <= 20 + 16, `${server.connections} connections`)
  server.emit('hello')
  await eventually(() => watches.every(({ events }) => events.length === 1))
})

test('a lost connection ends its watches with an error, and the next request makes another one', async context => {
  const server = await serve(context)
  const cluster = client(context, { server: server.url })
  const watches = [follow(cluster), follow(cluster)]
  await eventually(() => server.watches === 2)
  server.cut()
  await eventually(() => watches.every(({ ended }) => ended !== undefined))
  for (const { ended } of watches) assert.equal((ended as ConnectionError).failure, 'cut')
  await ask(cluster)
})

test('leaving a watch ends it on the server, and none of the others', async context => {
  const server = await serve(context)
  const cluster = client(context, { server: server.url })
  const other = follow(cluster)
  await eventually(() => server.watches === 1)
  const left = (async () => {
    for await (const _ of cluster.watch(SERVICES)) break
  })()
  await eventually(() => server.watches === 2)
  server.emit('one')
  await left
  await eventually(() => server.watches === 1)
  const stopping = new AbortController()
  const stopped = (async () => {
    for await (const _ of cluster.watch(SERVICES, { signal: stopping.signal })) assert.fail()
  })()
  await eventually(() => server.watches === 2)
  stopping.abort(new Error('enough'))
  await assert.rejects(stopped, /enough/)
  await eventually(() => server.watches === 1)
  server.emit('two')
  await eventually(() => assert.deepEqual(other.events, ['one', 'two']))
})

test('client certificates, tokens and tls-server-name are sent', async context => {
  const server = await serve(context, { clientAuthority: authority.ca })
  const { cert, key } = await authority.issue('alice')
  const byCertificate = client(context, { server: server.url, tls: { ca: authority.ca, cert, key } })
  assert.equal((await ask(byCertificate)).client, 'alice')
  const byToken = client(context, { server: server.url, token: 'secret' })
  assert.equal((await ask(byToken)).authorization, 'Bearer secret')
  // localhost is not in the certificate; the name to expect in its place is.
  const byName = client(context, {
    server: `https://localhost:${server.port}`,
    tls: { ca: authority.ca, serverName: 'east.example' },
  })
  await ask(byName)
})

test('a renewed client certificate is used for new connections, and those there finish', async context => {
  const server = await serve(context, { clientAuthority: authority.ca })
  let { cert, key } = await authority.issue('before')
  const credentials = staticCredentials({ server: server.url })
  const cluster = connect({
    ...credentials,
    access: () => Promise.resolve({ headers: {}, tls: { ca: authority.ca, cert, key } }),
  })
  context.after(() => cluster.close())
  const watch = follow(cluster)
  await eventually(() => server.watches === 1)
  assert.equal((await ask(cluster)).client, 'before')
  ;({ cert, key } = await authority.issue('after'))
  assert.equal((await ask(cluster)).client, 'after')
  server.emit('hello')
  await eventually(() => watch.events.length === 1)
})

test('why TLS failed is said in words; skipping verification is possible', async context => {
  const expired = await serve(context, await authority.issue('server', ['127.0.0.1'], -1))
  const elsewhere = await serve(context, await authority.issue('server', ['other.example']))
  const server = await serve(context)
  const failures = [
    [{ server: server.url, tls: {} }, /not signed by an authority that is trusted/],
    [{ server: elsewhere.url }, /for another name/],
    [{ server: expired.url }, /not valid at this time/],
  ] as const
  for (const [credentials, words] of failures) {
    await assert.rejects(ask(client(context, credentials)), (error: unknown) => {
      assert.ok(error instanceof ConnectionError)
      assert.equal(error.failure, 'tls')
      assert.match(error.words, words)
      return true
    })
    const tls = { insecureSkipVerify: true }
    await ask(client(context, { ...credentials, tls }))
  }
})

test('a proxy is tunnelled through', async context => {
  const server = await serve(context)
  const tunnels: string[] = []
  const proxy = createServer()
  proxy.on('connect', (request, socket) => {
    tunnels.push(request.url ?? '')
    const upstream = connectSocket(server.port, '127.0.0.1', () => socket.write('HTTP/1.1 200 OK\r\n\r\n'))
    upstream.on('error', () => socket.destroy()).pipe(socket)
    socket.on('error', () => upstream.destroy()).pipe(upstream)
  })
  await new Promise<void>(resolve => proxy.listen(0, '127.0.0.1', resolve))
  context.after(() => proxy.close())
  const proxyUrl = `http://127.0.0.1:${(proxy.address() as AddressInfo).port}`
  await ask(client(context, { server: server.url, proxyUrl }))
  assert.deepEqual(tunnels, [`127.0.0.1:${server.port}`])
})
