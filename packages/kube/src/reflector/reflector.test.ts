import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { SERVICES } from '@isthmus/api'
import { connect } from '../client/connect.ts'
import { type Clock, systemClock } from '../clock.ts'
import { staticCredentials } from '../credentials/credentials.ts'
import { eventually } from '../testing/eventually.ts'
import { kindOf, type RecordedRequest, ScriptedServer } from '../testing/scripted-server.ts'
import { isUnreached } from './recovery.ts'
import { Reflector, type ReflectorOptions, type ReflectorState } from './reflector.ts'

type Options = Partial<ReflectorOptions<(typeof SERVICES)['object'] & object>>

const FAST = { initialMs: 2, maxMs: 10, factor: 2 }

async function setUp(
  context: TestContext,
  options: Options = {},
  names: readonly string[] = ['a', 'b', 'c'],
) {
  const server = await ScriptedServer.start()
  for (const name of names) server.put(name)
  const client = connect(staticCredentials({ server: server.url }))
  const reflector = new Reflector({ client, type: SERVICES, backoff: FAST, ...options })
  const deleted: string[] = []
  reflector.store.subscribe((key, next) => next === undefined && deleted.push(key))
  const states: ReflectorState[] = []
  reflector.subscribeState(state => states.push(state))
  context.after(async () => {
    await reflector.stop()
    await client.close()
    await server[Symbol.asyncDispose]()
  })
  const names_ = () => [...reflector.store.keys()].sort().map(key => key.replace('demo/', ''))
  const insync = () =>
    eventually(() => {
      assert.deepEqual(names_(), [...server.objects.keys()].sort())
      for (const object of reflector.store.list()) {
        const { name = '', resourceVersion } = object.metadata
        assert.equal(resourceVersion, server.objects.get(name)?.metadata.resourceVersion)
      }
      assert.equal(reflector.state.phase, 'watching')
      assert.equal(server.watches, 1)
    })
  const begin = async () => {
    reflector.start()
    await reflector.whenSynced(AbortSignal.timeout(5000))
    await insync()
  }
  return { server, client, reflector, deleted, states, names: names_, insync, begin }
}

const isWatch = ({ query }: Pick<RecordedRequest, 'query'>) => query.has('watch')

const limits = (server: ScriptedServer) =>
  server.requests.filter(request => kindOf(request) === 'list').map(({ query }) => query.get('limit'))

test('follows what happens, and fills in what lists leave out', async context => {
  const { server, reflector, deleted, insync, begin } = await setUp(context)
  assert.equal(reflector.synced, false)
  await begin()
  server.put('d')
  server.put('a', 'changed')
  server.remove('b')
  await insync()
  assert.deepEqual(deleted, ['demo/b'])
  assert.equal(reflector.store.get('demo/c')?.kind, 'Service')
  assert.equal(reflector.state.resourceVersion, String(server.version))
  assert.ok(Date.now() - (reflector.state.lastContact ?? 0) < 5000)
  const [watch] = server.requests.filter(({ query }) => query.has('watch'))
  assert.equal(watch?.query.get('allowWatchBookmarks'), 'true')
  const timeout = Number(watch?.query.get('timeoutSeconds'))
  assert.ok(timeout >= 300 && timeout <= 600)
})

test('trims what it takes in, from lists and from events', async context => {
  const trim: Options['trim'] = object => ({
    ...object,
    metadata: { ...object.metadata, labels: { trimmed: 'yes' } },
  })
  const { server, reflector, begin, insync } = await setUp(context, { trim })
  await begin()
  server.put('d')
  await insync()
  for (const object of reflector.store.list()) assert.equal(object.metadata.labels?.trimmed, 'yes')
})

test('reads lists in pages', async context => {
  const { server, begin } = await setUp(context, { pageSize: 2 }, ['a', 'b', 'c', 'd', 'e'])
  await begin()
  assert.equal(server.count('list'), 3)
  for (const { query } of server.requests.slice(0, 3)) assert.equal(query.get('limit'), '2')
})

test('starts over when a continue token expires between pages', async context => {
  const { server, begin } = await setUp(context, { pageSize: 2 }, ['a', 'b', 'c', 'd', 'e'])
  // Something is written after the first page was read: the second one's version is past.
  const isSecondPage = { when: ({ query }: { query: URLSearchParams }) => query.has('continue') }
  server.answerNext({ ...isSecondPage, status: 410, body: '{"kind":"Status","code":410,"reason":"Expired"}' })
  await begin()
  assert.equal(server.count('list'), 2 + 3)
})

test('asks for the whole list when pages keep expiring', async context => {
  const { server, begin } = await setUp(context, { pageSize: 2 }, ['a', 'b', 'c', 'd', 'e'])
  const expired = { when: ({ query }: { query: URLSearchParams }) => query.has('continue'), status: 410 }
  server.answerNext(expired, expired, expired)
  await begin()
  assert.equal(server.requests.findLast(({ query }) => !query.has('watch'))?.query.get('limit'), null)
})

test('goes on from where it was when a watch ends or is cut in the middle of an event', async context => {
  const { server, deleted, insync, begin } = await setUp(context)
  await begin()
  server.bookmark()
  for (const end of ['endWatches', 'cutWatches'] as const) {
    server[end]()
    server.put(end)
    await eventually(() => server.watches === 1 && server.count('watch') > 1)
    server.remove('a')
    server.put('a')
    await insync()
  }
  // After a cut, or an end before its time, the server's version is looked at, and whether it has the last change.
  assert.deepEqual(limits(server), ['500', '1', '1'])
  assert.equal(server.count('get'), 2)
  assert.deepEqual(deleted, ['demo/a', 'demo/a'])
})

test('takes events that come in chunks which cut characters in two', async context => {
  const { server, reflector, insync, begin } = await setUp(context)
  server.chunk = bytes =>
    Array.from({ length: Math.ceil(bytes.length / 3) }, (_, i) => bytes.subarray(i * 3, i * 3 + 3))
  await begin()
  server.put('d', 'é語🦀\u2028\r end')
  await insync()
  assert.equal((reflector.store.get('demo/d') as { data?: string }).data, 'é語🦀\u2028\r end')
})

for (const [how, expire] of [
  ['as an HTTP status', (server: ScriptedServer) => server.endWatches()],
  ['as an ERROR event', (server: ScriptedServer) => server.failWatches(410, 'Expired')],
] as const) {
  test(`lists again when the version it knows is gone, ${how}, and tells of what is gone only then`, async context => {
    const { server, deleted, insync, begin } = await setUp(context)
    await begin()
    server.beSilent(true)
    server.remove('b')
    server.put('d')
    server.compact()
    expire(server)
    server.beSilent(false)
    await insync()
    assert.deepEqual(deleted, ['demo/b'])
    assert.deepEqual(
      limits(server).filter(limit => limit !== '1'),
      ['500', '500'],
    )
    assert.equal(
      server.requests.findLast(request => kindOf(request) === 'list')?.query.get('resourceVersion'),
      null,
    )
  })
}

test('keeps what it knows while the server fails, and says why', async context => {
  const { server, reflector, deleted, states, insync, begin } = await setUp(context)
  await begin()
  server.answerNext(
    { status: 500, body: 'oops' },
    { status: 410 },
    { status: 503, body: '{"kind":"Status","code":503,"reason":"ServiceUnavailable","message":"not ready"}' },
    { status: 404, body: '404 page not found' },
    { status: 200, body: '{"items": [' },
    { status: 200, body: '<html>Please log in</html>' },
    { status: 403, body: '{"kind":"Status","code":403,"reason":"Forbidden","message":"no"}' },
  )
  server.endWatches()
  await eventually(() => server.unusedAnswers === 0)
  await insync()
  assert.deepEqual(deleted, [])
  assert.deepEqual(reflector.state.error, undefined)
  const errors = states.flatMap(({ phase, error }) => (phase === 'waiting' && error ? [error.message] : []))
  for (const said of [/oops/, /not ready/, /404 page not found/, /not a JSON object/, /^no$/]) {
    assert.ok(
      errors.some(message => said.test(message)),
      `${said} in ${errors}`,
    )
  }
})

test('a kind that is not served is a failure, not an empty list', async context => {
  const { server, reflector } = await setUp(context)
  server.answerNext({ status: 404, body: '404 page not found' }, { status: 404, body: '404 page not found' })
  reflector.start()
  await eventually(() => reflector.state.error !== undefined)
  assert.equal(reflector.synced, false)
  await reflector.whenSynced(AbortSignal.timeout(5000))
  assert.equal(reflector.store.size, 3)
})

test('stays away for as long as the server asks', async context => {
  const { server, begin } = await setUp(context)
  server.answerNext({ when: isWatch, status: 429, headers: { 'retry-after': '1' } })
  await begin()
  const [refused, accepted] = server.requests.filter(isWatch)
  assert.ok((accepted?.at ?? 0) - (refused?.at ?? 0) >= 1000)
})

test('a watch that is silent is followed by a list without resourceVersion', async context => {
  const { server, reflector, deleted, insync, begin } = await setUp(context, { silenceMs: 30 })
  await begin()
  server.beSilent(true)
  server.remove('c')
  await eventually(() => !reflector.store.get('demo/c'))
  server.beSilent(false)
  await insync()
  assert.deepEqual(deleted, ['demo/c'])
  assert.equal(reflector.state.restored, false)
  for (const { query } of server.requests)
    if (!query.has('watch')) assert.equal(query.get('resourceVersion'), null)
})

test('a watch that is silent after others failed is no failure in a row with them', async context => {
  const { server, reflector, states, insync } = await setUp(context, { silenceMs: 30 })
  const forbidden = { status: 403, body: '{"kind":"Status","status":"Failure","code":403}' }
  server.answerNext(forbidden, forbidden)
  reflector.start()
  await reflector.whenSynced(AbortSignal.timeout(5000))
  server.beSilent(true)
  server.remove('c')
  await eventually(() => !reflector.store.get('demo/c'))
  server.beSilent(false)
  await insync()
  const told = states.flatMap(({ error }) => error?.message ?? [])
  assert.ok(!told.some(message => /silent/.test(message)), `${told}`)
})

test('bookmarks keep a watch, and carry the version on', async context => {
  const { server, reflector, begin } = await setUp(context, { silenceMs: 60 })
  await begin()
  server.version += 50
  const bookmarks = setInterval(() => server.bookmark(), 5)
  context.after(() => clearInterval(bookmarks))
  await eventually(() => reflector.state.resourceVersion === String(server.version))
  const before = server.count('list')
  const until = performance.now() + 200
  await eventually(() => performance.now() > until)
  assert.equal(server.count('list'), before)
})

test('a server that sends no bookmarks is listed less and less often', async context => {
  const { server, begin } = await setUp(context, { silenceMs: 10 })
  const started = performance.now()
  await begin()
  await eventually(() => server.count('list') >= 4)
  // 10, then 20, then 40 ms of silence.
  assert.ok(performance.now() - started >= 70)
})

test('notices a server that was restored to an earlier state, by its lower version', async context => {
  const { server, reflector, deleted, insync, begin } = await setUp(context, { silenceMs: 50 }, [
    'a',
    'b',
    'c',
    'd',
  ])
  await begin()
  server.restore(2, ['a', 'b'])
  // Below the version that the watch was asked from: the server keeps it to itself.
  server.put('e')
  await insync()
  assert.equal(reflector.state.restored, true)
  assert.deepEqual(deleted.sort(), ['demo/c', 'demo/d'])
})

test('a server that comes back with an earlier state is noticed at once', async context => {
  const { server, reflector, insync, begin } = await setUp(context, {}, ['a', 'b', 'c', 'd'])
  await begin()
  server.bookmark()
  server.restore(2, ['a', 'b'])
  server.cutWatches()
  await insync()
  assert.equal(reflector.state.restored, true)
  assert.deepEqual(limits(server), ['500', '1', '500'])
})

test('a server that comes back with an earlier state, and has gone past what was lost, is listed', async context => {
  const { server, reflector, deleted, insync, begin } = await setUp(context, {}, ['a', 'b', 'c', 'd'])
  await begin()
  await server.leave()
  await eventually(() => isUnreached(reflector.state.error))
  server.restore(2, ['a', 'b'])
  server.version += 10
  await server.comeBack()
  await insync()
  assert.deepEqual(deleted.sort(), ['demo/c', 'demo/d'])
})

for (const last of ['put', 'remove'] as const) {
  test(`a store exchanged under a server that goes on is noticed, its last change having been to ${last}`, async context => {
    const { server, deleted, insync, begin } = await setUp(context, {}, ['a', 'b', 'c', 'd'])
    await begin()
    server[last]('c')
    await insync()
    deleted.length = 0
    server.restore(3, ['a', 'b'])
    server.put('c')
    // Past what was lost: its version tells nothing.
    server.version += 10
    server.endWatches()
    await insync()
    assert.deepEqual(deleted, ['demo/d'])
  })
}

test('what was written, and is in the store before the watch tells of it, does not go back and forth', async context => {
  const { server, reflector, insync, begin } = await setUp(context)
  await begin()
  const told: string[] = []
  const ahead = (name: string, version: number) => {
    const stored = reflector.store.get('demo/a')
    assert.ok(stored)
    reflector.store.set({
      ...stored,
      metadata: { ...stored.metadata, name, resourceVersion: String(version) },
    })
  }
  // Three writes of one, and the last of the other follows its deletion; the watch is still at the first.
  ahead('a', server.version + 3)
  ahead('b', server.version + 5)
  reflector.store.subscribe((key, next) => told.push(`${key} ${next?.metadata.resourceVersion}`))
  for (const value of ['1', '2', '3']) server.put('a', value)
  server.remove('b')
  server.put('b')
  await eventually(() => assert.equal(reflector.state.resourceVersion, String(server.version)))
  await insync()
  // What was ahead of `a` had another content; of `b` it is what the watch told in the end.
  assert.deepEqual(told, [`demo/a ${server.objects.get('a')?.metadata.resourceVersion}`])
})

test('what is taken up again at once is not told as a failure', async context => {
  const { server, reflector, states, insync, begin } = await setUp(context)
  await begin()
  states.length = 0
  server.put('d')
  server.compact()
  server.failWatches(410, 'Expired')
  await eventually(() => server.count('list') === 2)
  await insync()
  assert.deepEqual(
    states.filter(({ error }) => error !== undefined),
    [],
  )
  assert.equal(reflector.state.error, undefined)
})

test('a watch that the server ends at once is not asked for again without pause', async context => {
  const { server, begin } = await setUp(context, { backoff: { initialMs: 40, maxMs: 40, factor: 1 } })
  const closed = { when: isWatch, status: 200 }
  server.answerNext(closed, closed)
  await begin()
  const [first, second, third] = server.requests.filter(isWatch).map(({ at }) => at)
  for (const pause of [(second ?? 0) - (first ?? 0), (third ?? 0) - (second ?? 0)])
    assert.ok(pause >= 20, `${pause}`)
  assert.deepEqual(limits(server), ['500', '1', '1'])
})

test('stops in the middle of anything, and starts again', async context => {
  const { server, reflector, insync, begin } = await setUp(context)
  await begin()
  await reflector.stop()
  assert.equal(reflector.state.phase, 'stopped')
  await eventually(() => server.watches === 0)
  server.put('late')
  reflector.start()
  await insync()
  server.answerNext({ status: 0, answer: () => {} })
  server.endWatches()
  await eventually(() => server.unusedAnswers === 0)
  await reflector.stop()
  assert.equal(reflector.state.phase, 'stopped')
})

test('a server that was away for long is followed again without delay when it is back', async context => {
  const waits: number[] = []
  const clock: Clock = {
    ...systemClock,
    sleep: (ms, signal) => {
      waits.push(ms)
      return systemClock.sleep(ms, signal)
    },
  }
  const { server, insync, begin } = await setUp(context, {
    clock,
    silenceMs: 60_000,
    random: () => 1,
    backoff: { initialMs: 1, maxMs: 8000, factor: 2 },
  })
  await begin()
  await server.leave()
  await eventually(() => waits.includes(64))
  // As a kube-apiserver that has just been started.
  server.answerNext({ status: 403 }, { when: isWatch, status: 429 })
  await server.comeBack()
  await insync()
  assert.equal(server.unusedAnswers, 0)
  // After the 403, then after the 429; what waits longest is the guard of the watch.
  const pauses = waits.filter(ms => ms <= 8000)
  assert.deepEqual(pauses.slice(-2), [1, 2])
})

test('waiting for the first list ends with the signal', async context => {
  const { reflector } = await setUp(context)
  await assert.rejects(reflector.whenSynced(AbortSignal.abort(new Error('enough'))), /enough/)
  await assert.rejects(reflector.whenSynced(AbortSignal.timeout(5)), { name: 'TimeoutError' })
})
