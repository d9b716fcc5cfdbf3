import assert from 'node:assert/strict'
import { type AddressInfo, createServer, type Socket } from 'node:net'
import { type TestContext, test } from 'node:test'
import { type KubernetesObject, NAMESPACES, SERVICE_IMPORTS, SERVICES } from '@isthmus/api'
import { type Credentials, staticCredentials } from '../credentials/credentials.ts'
import { eventually } from '../testing/eventually.ts'
import { ScriptedServer } from '../testing/scripted-server.ts'
import {
  ApiError,
  isAlreadyExists,
  isConflict,
  isKindMissing,
  isNamespaceTerminating,
  isNotFound,
} from './api-error.ts'
import type { ClusterClient } from './cluster-client.ts'
import { connect } from './connect.ts'
import { ConnectionError } from './connection-error.ts'

async function setUp(
  context: TestContext,
  options: { requestTimeoutMs?: number; credentials?: Partial<Credentials> } = {},
) {
  const server = await ScriptedServer.start()
  const credentials = {
    ...staticCredentials({ server: server.url, token: 'secret' }),
    ...options.credentials,
  }
  const client = connect(credentials, { userAgent: 'test/1', requestTimeoutMs: options.requestTimeoutMs })
  context.after(async () => {
    await client.close()
    await server[Symbol.asyncDispose]()
  })
  return { server, client }
}

const service = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { name: 'hello', namespace: 'demo', resourceVersion: '7' },
}
const namespace = { apiVersion: 'v1', kind: 'Namespace', metadata: { name: 'demo' } }
const body = JSON.stringify(service)

interface Request {
  does: (client: ClusterClient) => Promise<unknown>
  asks: string
  sends?: object
  contentType?: string
}

const ONE = '/api/v1/namespaces/demo/services/hello'
const MINE = 'fieldManager=isthmus.dev'
const JSON_PATCH = [{ op: 'remove', path: '/spec' }]

const REQUESTS: Record<string, Request> = {
  'a get': { does: c => c.get(SERVICES, 'hello', 'demo'), asks: `GET ${ONE}` },
  'a get of a cluster-scoped object': {
    does: c => c.get(NAMESPACES, 'demo'),
    asks: 'GET /api/v1/namespaces/demo',
  },
  'a get in a group': {
    does: c => c.get(SERVICE_IMPORTS, 'a.b', 'demo'),
    asks: 'GET /apis/multicluster.x-k8s.io/v1beta1/namespaces/demo/serviceimports/a.b',
  },
  'a name that needs escaping': {
    does: c => c.get(SERVICES, 'a/../b?c', 'demo'),
    asks: 'GET /api/v1/namespaces/demo/services/a%2F..%2Fb%3Fc',
  },
  'a create': {
    does: c => c.create(SERVICES, service),
    asks: `POST /api/v1/namespaces/demo/services?${MINE}`,
    sends: service,
  },
  'a create of a cluster-scoped object': {
    does: c => c.create(NAMESPACES, namespace),
    asks: `POST /api/v1/namespaces?${MINE}`,
    sends: namespace,
  },
  'an update': {
    does: c => c.update(SERVICES, service, { dryRun: true, fieldManager: 'me' }),
    asks: `PUT ${ONE}?dryRun=All&fieldManager=me`,
    sends: service,
  },
  'an update of a status': {
    does: c => c.updateStatus(SERVICES, service),
    asks: `PUT ${ONE}/status?${MINE}`,
    sends: service,
  },
  'a merge patch': {
    does: c => c.patch(SERVICES, 'hello', 'demo', { spec: null }),
    asks: `PATCH ${ONE}?${MINE}`,
    sends: { spec: null },
    contentType: 'application/merge-patch+json',
  },
  'a JSON patch of a status': {
    does: c =>
      c.patch(SERVICES, 'hello', 'demo', JSON_PATCH, {
        contentType: 'json',
        subresource: 'status',
        force: true,
      }),
    asks: `PATCH ${ONE}/status?${MINE}`,
    sends: JSON_PATCH,
    contentType: 'application/json-patch+json',
  },
  'a strategic merge patch': {
    does: c => c.patch(SERVICES, 'hello', 'demo', {}, { contentType: 'strategic' }),
    asks: `PATCH ${ONE}?${MINE}`,
    contentType: 'application/strategic-merge-patch+json',
  },
  'a server-side apply': {
    does: c => c.patch(SERVICES, 'hello', 'demo', service, { contentType: 'apply', force: true }),
    asks: `PATCH ${ONE}?${MINE}&force=true`,
    sends: service,
    contentType: 'application/apply-patch+yaml',
  },
  'a delete with preconditions': {
    does: c =>
      c.delete(SERVICES, 'hello', 'demo', {
        uid: 'u',
        resourceVersion: '7',
        propagationPolicy: 'Foreground',
      }),
    asks: `DELETE ${ONE}`,
    sends: {
      apiVersion: 'v1',
      kind: 'DeleteOptions',
      preconditions: { uid: 'u', resourceVersion: '7' },
      propagationPolicy: 'Foreground',
    },
  },
  'a delete': {
    does: c => c.delete(SERVICES, 'hello', 'demo'),
    asks: `DELETE ${ONE}`,
    sends: { apiVersion: 'v1', kind: 'DeleteOptions' },
  },
}

for (const [name, { does, asks, sends, contentType }] of Object.entries(REQUESTS)) {
  test(`${name} asks ${asks}`, async context => {
    const { server, client } = await setUp(context)
    server.answerNext({ status: 200, body })
    const answer = await does(client)
    const [request] = server.requests
    assert.equal(`${request?.method} ${request?.path}${request?.query.size ? `?${request.query}` : ''}`, asks)
    if (sends !== undefined) assert.deepEqual(JSON.parse(request?.body ?? ''), sends)
    if (contentType !== undefined) assert.equal(request?.headers['content-type'], contentType)
    assert.equal(request?.headers.authorization, 'Bearer secret')
    assert.equal(request?.headers['user-agent'], 'test/1')
    if (!asks.startsWith('DELETE')) assert.deepEqual(answer, service)
  })
}

test('a list says what its items are, and asks for what it is told to', async context => {
  const { server, client } = await setUp(context)
  server.put('a')
  const options = {
    namespace: 'demo',
    labelSelector: 'a=b,c',
    limit: 5,
    resourceVersion: '1',
    resourceVersionMatch: 'Exact',
  } as const
  const list = await client.list(SERVICES, options)
  assert.deepEqual(
    list.items.map(({ apiVersion, kind }) => [apiVersion, kind]),
    [['v1', 'Service']],
  )
  assert.equal(list.metadata.resourceVersion, '101')
  const { path, query } = server.requests[0] ?? assert.fail()
  assert.equal(path, '/api/v1/namespaces/demo/services')
  assert.deepEqual(Object.fromEntries(query), {
    labelSelector: 'a=b,c',
    limit: '5',
    resourceVersion: '1',
    resourceVersionMatch: 'Exact',
  })
  server.answerNext({ status: 200, body: '{"metadata":{},"items":null}' })
  assert.deepEqual((await client.list(SERVICES)).items, [])
})

test('a watch yields events, and throws what an ERROR event says', async context => {
  const { server, client } = await setUp(context)
  const types: string[] = []
  let opened = 0
  const watching = async () => {
    const options = { namespace: 'demo', resourceVersion: '100', onOpen: () => opened++ }
    for await (const { type, object } of client.watch(SERVICES, options))
      types.push(`${type} ${object.metadata.name}`)
  }
  const ended = assert.rejects(watching(), { code: 410, reason: 'Expired' })
  await eventually(() => server.watches === 1 && opened === 1)
  server.put('a')
  server.remove('a')
  server.bookmark()
  server.failWatches(410, 'Expired')
  await ended
  assert.deepEqual(types, ['ADDED a', 'DELETED a', 'BOOKMARK undefined'])
})

test('what would be the path of something else is never asked for', async context => {
  const { server, client } = await setUp(context)
  for (const wrong of [
    () => client.get(SERVICES, '', 'demo'),
    () => client.get(SERVICES, 'hello'),
    () => client.delete(SERVICES, '..', 'demo'),
    () => client.create(SERVICES, namespace),
    () => client.update(SERVICES, { ...service, metadata: { namespace: 'demo' } }),
  ]) {
    await assert.rejects(wrong, TypeError)
  }
  assert.equal(server.requests.length, 0)
})

test('a refusal is an ApiError with what the Status says', async context => {
  const { server, client } = await setUp(context)
  const refuse = async (code: number, status: object) => {
    server.answerNext({ status: code, body: JSON.stringify({ kind: 'Status', apiVersion: 'v1', ...status }) })
    return client.get(SERVICES, 'hello', 'demo').catch((error: unknown) => error)
  }
  const notFound = await refuse(404, {
    reason: 'NotFound',
    message: 'services "hello" not found',
    details: { name: 'hello' },
  })
  assert.ok(notFound instanceof ApiError && isNotFound(notFound) && !isKindMissing(notFound))
  assert.equal(notFound.message, 'services "hello" not found')
  assert.deepEqual(notFound.request, {
    verb: 'get',
    resource: 'services',
    namespace: 'demo',
    name: 'hello',
    clusterScoped: false,
    server: server.url,
  })
  const conflict = await refuse(409, { reason: 'Conflict' })
  assert.ok(isConflict(conflict) && !isAlreadyExists(conflict))
  const exists = await refuse(409, { reason: 'AlreadyExists' })
  assert.ok(isAlreadyExists(exists) && !isConflict(exists))
  const terminating = { reason: 'Forbidden', details: { causes: [{ reason: 'NamespaceTerminating' }] } }
  assert.ok(isNamespaceTerminating(await refuse(403, terminating)))
  server.answerNext({ status: 404, body: '404 page not found\n' })
  const kindMissing = await client.list(SERVICES).catch((error: unknown) => error)
  assert.ok(isKindMissing(kindMissing) && isNotFound(kindMissing))
  assert.equal((kindMissing as ApiError).message, '404 page not found')
})

test('raw resolves with any answer', async context => {
  const { server, client } = await setUp(context)
  server.answerNext({ status: 500, headers: { 'X-Some': 'thing' }, body: 'not ready' })
  const { status, headers, body } = await client.raw('/readyz?verbose', { headers: { accept: 'text/plain' } })
  assert.deepEqual([status, headers['x-some'], body], [500, 'thing', 'not ready'])
  assert.equal(server.requests[0]?.headers.accept, 'text/plain')
})

test('waits as long as Retry-After says, if there is time, and asks again', async context => {
  const { server, client } = await setUp(context, { requestTimeoutMs: 2000 })
  server.answerNext(
    { status: 429, headers: { 'retry-after': '0' } },
    { status: 503, headers: { 'retry-after': '0' } },
  )
  server.answerNext({ status: 200, body })
  assert.deepEqual(await client.update(SERVICES, service), service)
  assert.equal(server.requests.length, 3)
  server.answerNext({ status: 429, headers: { 'retry-after': '60' } })
  await assert.rejects(client.update(SERVICES, service), { code: 429, retryAfterMs: 60_000 })
  server.answerNext({ status: 503 })
  await assert.rejects(client.update(SERVICES, service), { code: 503, retryAfterMs: undefined })
})

test('credentials that are refused are renewed once', async context => {
  const asked: boolean[] = []
  const access: Credentials['access'] = async ({ refresh = false } = {}) => {
    asked.push(refresh)
    return { headers: { authorization: refresh ? 'Bearer new' : 'Bearer old' }, tls: {} }
  }
  const { server, client } = await setUp(context, { credentials: { access } })
  server.answerNext({ status: 401 }, { status: 200, body })
  await client.create(SERVICES, service)
  assert.deepEqual(
    server.requests.map(({ headers }) => headers.authorization),
    ['Bearer old', 'Bearer new'],
  )
  server.answerNext({ status: 401 }, { status: 401 })
  await assert.rejects(client.create(SERVICES, service), { code: 401 })
  assert.deepEqual(asked, [false, true, false, true])
})

test('a read whose connection was cut before an answer is asked again, a write is not', async context => {
  const { server, client } = await setUp(context)
  const hangUp = { status: 0, answer: (request: { socket: { destroy(): void } }) => request.socket.destroy() }
  server.answerNext(hangUp, { status: 200, body })
  assert.deepEqual(await client.get(SERVICES, 'hello', 'demo'), service)
  server.answerNext(hangUp)
  await assert.rejects(client.update(SERVICES, service), { name: 'ConnectionError', failure: 'cut' })
})

test('an answer takes as long as it may, whether its head or its body is late', async context => {
  const { server, client } = await setUp(context, { requestTimeoutMs: 50 })
  const late = { name: 'ConnectionError', failure: 'timeout', message: /within 0.05 s/ }
  server.answerNext({ status: 0, answer: () => {} })
  await assert.rejects(client.get(SERVICES, 'hello', 'demo'), late)
  // A byte now and then never makes a pause.
  const dribble: NodeJS.Timeout[] = []
  context.after(() => dribble.forEach(clearInterval))
  server.answerNext({
    status: 0,
    answer: (_, response) => void dribble.push(setInterval(() => response.write(' '), 5)),
  })
  await assert.rejects(client.get(SERVICES, 'hello', 'demo'), late)
  server.answerNext({ status: 0, answer: () => {} })
  const watching = client.watch(SERVICES)[Symbol.asyncIterator]().next()
  await assert.rejects(watching, late)
})

test('a server that takes connections and says nothing holds nobody up', async context => {
  const sockets = new Set<Socket>()
  const server = createServer(socket => {
    sockets.add(socket)
    socket.on('error', () => {})
    socket.on('close', () => sockets.delete(socket)).resume()
  })
  await new Promise<void>(done => server.listen(0, '127.0.0.1', done))
  const { port } = server.address() as AddressInfo
  const client = connect(staticCredentials({ server: `https://127.0.0.1:${port}` }), {
    requestTimeoutMs: 200,
  })
  context.after(() => {
    for (const socket of sockets) socket.destroy()
    server.close()
  })
  const started = performance.now()
  await assert.rejects(client.raw('/version'), /did not answer within 0.2 s/)
  await client.close()
  assert.ok(performance.now() - started < 2000)
  // What is still connecting keeps a process alive.
  await eventually(() => sockets.size === 0)
})

test('ends with the signal, and with the client', async context => {
  const { server, client } = await setUp(context)
  const hang = { status: 0, answer: () => {} }
  server.answerNext(hang, hang)
  const stopping = new AbortController()
  const stopped = assert.rejects(client.get(SERVICES, 'a', 'demo', { signal: stopping.signal }), /enough/)
  const closed = assert.rejects(client.get(SERVICES, 'b', 'demo'), { name: 'ClientClosedError' })
  await eventually(() => server.unusedAnswers === 0)
  stopping.abort(new Error('enough'))
  await stopped
  await client.close()
  await closed
  await assert.rejects(client.get(SERVICES, 'c', 'demo'), { name: 'ClientClosedError' })
})

test('nonsense from a server is an error that says so', async context => {
  const { server, client } = await setUp(context)
  for (const text of [
    '',
    '[]x',
    'null',
    '"a"',
    '<html>',
    '{"items":{"a":1},"metadata":{}}',
    '{"items":[]}',
  ]) {
    server.answerNext({ status: 200, body: text })
    await assert.rejects(client.list(SERVICES), { name: 'ConnectionError' }, text)
  }
})

test('more than one object can have, or a refusal needs, is not read', async context => {
  const { server, client } = await setUp(context)
  const ballast = 'x'.repeat(17 << 20)
  const tooLong = { name: 'ConnectionError', message: /more than/ }
  server.answerNext({ status: 200, body: JSON.stringify({ ...service, ballast }) })
  await assert.rejects(client.get(SERVICES, 'hello', 'demo'), tooLong)
  const refusal = { status: 403, body: JSON.stringify({ kind: 'Status', message: ballast }) }
  server.answerNext(refusal, refusal)
  await assert.rejects(client.list(SERVICES), tooLong)
  await assert.rejects(client.watch(SERVICES)[Symbol.asyncIterator]().next(), tooLong)
})

test('of a long message the beginning is told', async context => {
  const { server, client } = await setUp(context)
  server.answerNext({
    status: 403,
    body: JSON.stringify({ kind: 'Status', message: `no${'!'.repeat(90_000)}` }),
  })
  const error = await client.get(SERVICES, 'hello', 'demo').catch((error: unknown) => error)
  assert.ok(error instanceof ApiError && error.message.startsWith('no!!'))
  assert.ok(error.message.length < 10_000, `${error.message.length} characters`)
})

test('why there is no connection is said in words', async context => {
  const free = createServer()
  await new Promise<void>(resolve => free.listen(0, '127.0.0.1', resolve))
  const { port } = free.address() as { port: number }
  await new Promise(resolve => free.close(resolve))
  const garbage = createServer(socket => socket.end('SSH-2.0-OpenSSH\r\n'))
  await new Promise<void>(resolve => garbage.listen(0, '127.0.0.1', resolve))
  context.after(() => garbage.close())
  const notHttp = `127.0.0.1:${(garbage.address() as { port: number }).port}`
  for (const [server, failure] of [
    [`http://127.0.0.1:${port}`, 'refused'],
    ['http://no-such-host.invalid', 'dns'],
    [`http://${notHttp}`, 'protocol'],
    [`https://${notHttp}`, 'tls'],
  ] as const) {
    const client = connect(staticCredentials({ server }))
    context.after(() => client.close())
    const error = await client
      .get<KubernetesObject>(SERVICES, 'hello', 'demo')
      .catch((error: unknown) => error)
    assert.ok(error instanceof ConnectionError)
    assert.equal(error.failure, failure, error.message)
    assert.equal(error.server, server)
  }
})
