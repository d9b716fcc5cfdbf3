import assert from 'node:assert/strict'
import { test } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import { type KubernetesObject, SERVICES, type Service } from '@isthmus/api'
import fc from 'fast-check'
import { connect } from '../client/connect.ts'
import { staticCredentials } from '../credentials/credentials.ts'
import { eventually } from '../testing/eventually.ts'
import { ScriptedServer } from '../testing/scripted-server.ts'
import { Reflector } from './reflector.ts'

const NAMES = ['a', 'b', 'c', 'd', 'e']
const name = fc.constantFrom(...NAMES)

interface Happening {
  label: string
  run: (server: ScriptedServer) => unknown
}

const put = name.map((name): Happening => ({ label: `put ${name}`, run: s => s.put(name, s.version) }))
const remove = name.map((name): Happening => ({ label: `remove ${name}`, run: s => s.remove(name) }))

/** What an error tells of, so that a reflector need not wait for silence. */
const FAULTS: readonly Happening[] = [
  { label: 'bookmark', run: s => s.bookmark() },
  { label: 'end', run: s => s.endWatches() },
  { label: 'cut', run: s => s.cutWatches() },
  { label: 'compact', run: s => s.compact() },
  { label: 'expire', run: s => s.failWatches(410, 'Expired') },
  { label: 'internal error', run: s => s.failWatches(500, 'InternalError') },
  { label: 'refuse', run: s => s.answerNext({ status: 403 }, { status: 503 }) },
  { label: 'not served', run: s => s.answerNext({ status: 404, body: '404 page not found' }) },
  { label: 'hang up', run: s => s.answerNext({ status: 0, answer: request => request.socket.destroy() }) },
]

/** What nothing tells of. */
const SILENT_FAULTS: readonly Happening[] = [
  { label: 'go silent', run: s => s.beSilent(true) },
  { label: 'speak again', run: s => s.beSilent(false) },
  { label: 'restore a, c', run: s => s.restore(3, ['a', 'c']) },
  { label: 'restore nothing', run: s => s.restore(5, []) },
]

/** How many turns of the event loop pass after a step: none, or what a request takes, or a watch. */
const turns = fc.constantFrom(0, 0, 1, 10, 40)

const happenings = (faults: readonly Happening[]) =>
  fc.array(
    fc.oneof(
      { weight: 4, arbitrary: fc.tuple(put, turns) },
      { weight: 3, arbitrary: fc.tuple(remove, turns) },
      { weight: 3, arbitrary: fc.tuple(fc.constantFrom(...faults), turns) },
    ),
    { maxLength: 30 },
  )

const chunking = fc.constantFrom(1, 5, 1000).map(size => (bytes: Buffer) => {
  return Array.from({ length: Math.ceil(bytes.length / size) }, (_, i) =>
    bytes.subarray(i * size, (i + 1) * size),
  )
})

for (const { of, faults, silenceMs } of [
  { of: 'faults that show', faults: FAULTS, silenceMs: 60_000 },
  { of: 'faults that do not', faults: [...FAULTS, ...SILENT_FAULTS], silenceMs: 15 },
]) {
  test(`the store becomes what the server has after any ${of}, and loses only what was removed`, async () => {
    const property = fc.asyncProperty(happenings(faults), chunking, (steps, chunk) =>
      converges(steps, chunk, silenceMs),
    )
    await fc.assert(property, { numRuns: 50 })
  })
}

async function converges(
  steps: readonly (readonly [Happening, number])[],
  chunk: ScriptedServer['chunk'],
  silenceMs: number,
) {
  await using server = await ScriptedServer.start()
  server.chunk = chunk
  for (const name of NAMES.slice(0, 3)) server.put(name)
  const client = connect(staticCredentials({ server: server.url }))
  const backoff = { initialMs: 1, maxMs: 3, factor: 2 }
  const reflector = new Reflector<Service>({ client, type: SERVICES, pageSize: 2, silenceMs, backoff })

  const removed = new Set<string>()
  const wrong: string[] = []
  const told = new Map<string, Service>()
  reflector.store.subscribe((key, next) => {
    if (next !== undefined) told.set(key, next)
    else if (!told.delete(key) || !removed.has(key)) wrong.push(key)
  })

  reflector.start()
  try {
    for (const [{ run }, turns] of steps) {
      const before = [...server.objects.keys()]
      run(server)
      for (const name of before) if (!server.objects.has(name)) removed.add(`demo/${name}`)
      for (let turn = 0; turn < turns; turn++) await setImmediate()
    }
    server.beSilent(false)
    await eventually(() => {
      assert.deepEqual(summary(reflector.store.list()), summary(server.objects.values()))
      assert.deepEqual(summary(told.values()), summary(server.objects.values()))
    }, 3000)
    assert.deepEqual(wrong, [])
  } finally {
    await reflector.stop()
    await client.close()
  }
}

const summary = (objects: Iterable<KubernetesObject & { data?: unknown }>) =>
  [...objects].map(({ metadata, data }) => `${metadata.name}@${metadata.resourceVersion}=${data}`).sort()
