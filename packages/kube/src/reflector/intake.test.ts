import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { type KubernetesObject, SERVICES } from '@isthmus/api'
import fc from 'fast-check'
import type { ClusterClient, WatchEvent } from '../client/cluster-client.ts'
import { eventually } from '../testing/eventually.ts'
import { Intake, IntakeLimitError, weigh } from './intake.ts'
import { Reflector } from './reflector.ts'

const LIMITS = { objects: 3, objectBytes: 1_000, pageBytes: 10_000, bytes: 2_000 }
const object = (name: string, filling = 0): KubernetesObject & { data: string } => ({
  apiVersion: 'v1',
  kind: 'Service',
  metadata: { namespace: 'demo', name, uid: name, resourceVersion: '1' },
  data: 'x'.repeat(filling),
})

describe('what is taken of a server that is not trusted', () => {
  it('is so many objects, and so many again when some are gone', () => {
    const intake = new Intake(LIMITS)
    for (const name of ['a', 'b', 'c', 'a']) intake.take(object(name))
    assert.throws(() => intake.take(object('d')), /more than 3 objects/)
    intake.drop('demo/b')
    intake.take(object('d'))
  })

  it('is so many bytes, of one and of all', () => {
    const intake = new Intake(LIMITS)
    assert.throws(() => intake.take(object('a', 1_000)), /an object of more than 1000 bytes/)
    for (const name of ['a', 'b']) intake.take(object(name, 700))
    assert.throws(() => intake.take(object('c', 700)), /more than 2000 bytes/)
    // What was refused has taken no room.
    intake.take(object('c', 10))
    intake.take(object('a', 100))
  })

  it('is nothing twice in one list, and nothing that is nested without end', () => {
    const intake = new Intake(LIMITS)
    intake.add(object('a'))
    assert.throws(() => intake.add(object('a')), IntakeLimitError)
    let deep: unknown = 1
    for (let i = 0; i < 100_000; i++) deep = [deep]
    assert.throws(() => intake.take({ ...object('b'), spec: deep } as KubernetesObject), /nested/)
  })

  it('is weighed as JSON would be', () => {
    fc.assert(
      fc.property(fc.jsonValue({ maxDepth: 5 }), value => {
        const length = JSON.stringify(value).length
        const weight = weigh(value, Number.POSITIVE_INFINITY)
        assert.ok(weight >= length / 6 && weight <= length * 6 + 5, `${weight} of ${length}`)
      }),
    )
  })
})

/** A server whose lists and watches are what generators yield. */
function serving(
  pages: () => Iterator<KubernetesObject[]>,
  events: () => AsyncGenerator<WatchEvent> = async function* () {
    await new Promise(() => {})
  },
): { client: ClusterClient; lists: () => number } {
  let lists = 0
  let list = pages()
  const client = {
    server: 'https://hostile.example',
    list: async (_: unknown, options: { continue?: string }) => {
      if (options.continue === undefined) {
        lists++
        list = pages()
      }
      const { value = [], done } = list.next()
      return { items: value, metadata: { resourceVersion: '1', ...(done ? {} : { continue: 'more' }) } }
    },
    watch: events,
  } as unknown as ClusterClient
  return { client, lists: () => lists }
}

describe('a reflector of such a server', () => {
  const hostile: [what: string, pages: () => Generator<KubernetesObject[]>, says: RegExp][] = [
    [
      'a list without end',
      function* () {
        for (let i = 0; ; i++) yield [object(`o${i}`)]
      },
      /more than 3 objects/,
    ],
    [
      'the same object for ever',
      function* () {
        for (;;) yield [object('a')]
      },
      /twice/,
    ],
    [
      'empty pages for ever',
      function* () {
        for (;;) yield []
      },
      /goes on after/,
    ],
  ]
  for (const [what, pages, says] of hostile) {
    it(`gives up on ${what}, says so, and is in no hurry to try again`, async () => {
      const { client, lists } = serving(pages)
      const reflector = new Reflector({ client, type: SERVICES, limits: LIMITS })
      reflector.start()
      try {
        await eventually(() => assert.match(reflector.state.error?.message ?? '', says))
        assert.deepEqual([reflector.store.size, reflector.synced, lists()], [0, false, 1])
      } finally {
        await reflector.stop()
      }
    })
  }

  it('keeps what it knew when events bring too much', async () => {
    const pages = function* () {
      yield [object('a')]
    }
    const events = async function* () {
      for (let i = 0; ; i++) yield { type: 'ADDED' as const, object: { ...object(`o${i}`) } }
    }
    const { client } = serving(pages, events)
    const reflector = new Reflector({ client, type: SERVICES, limits: LIMITS })
    reflector.start()
    try {
      await eventually(() => assert.match(reflector.state.error?.message ?? '', /more than 3 objects/))
      assert.deepEqual([...reflector.store.keys()], ['demo/a', 'demo/o0', 'demo/o1'])
    } finally {
      await reflector.stop()
    }
  })

  it('takes a flood of events as fast as it said', async () => {
    const pages = function* () {
      yield [object('a')]
    }
    let sent = 0
    const events = async function* () {
      for (; ; sent++) yield { type: 'MODIFIED' as const, object: { ...object('a', sent % 7) } }
    }
    const { client } = serving(pages, events)
    const reflector = new Reflector({
      client,
      type: SERVICES,
      limits: LIMITS,
      eventRate: { burst: 50, perSecond: 20 },
    })
    reflector.start()
    try {
      const started = performance.now()
      await eventually(() => assert.ok(sent >= 55))
      assert.ok(performance.now() - started > 200, 'five more than the burst take a quarter of a second')
    } finally {
      await reflector.stop()
    }
  })
})
