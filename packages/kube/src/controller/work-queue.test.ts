import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { WorkQueue } from './work-queue.ts'

type Key = 'a' | 'b' | 'c'
const key = fc.constantFrom<Key>('a', 'b', 'c')
const step = fc.oneof(
  fc.tuple(fc.constant('add' as const), key, fc.boolean()),
  fc.tuple(fc.constant('get' as const), fc.constant<Key>('a'), fc.boolean()),
  fc.tuple(fc.constant('done' as const), key, fc.boolean()),
)

test('a key is never given out twice at once, and what was added is given out once more', async () => {
  await fc.assert(
    fc.asyncProperty(fc.array(step, { maxLength: 40 }), async steps => {
      const queue = new WorkQueue<Key>()
      const working = new Set<Key>()
      const due = new Set<Key>()
      for (const [what, key, urgent] of steps) {
        if (what === 'add') {
          queue.add(key, { urgent })
          due.add(key)
        } else if (what === 'done') {
          if (working.delete(key)) queue.done(key)
        } else if (queue.size > 0) {
          const got = (await queue.get()) ?? assert.fail('there was one')
          assert.ok(!working.has(got), 'given out twice')
          assert.ok(due.delete(got), 'given out without having been added')
          working.add(got)
        }
        assert.equal(queue.working, working.size)
        assert.equal(queue.size, [...due].filter(key => !working.has(key)).length)
      }
      for (const key of working) queue.done(key)
      const rest = new Set<Key>()
      while (queue.size > 0) rest.add((await queue.get()) as Key)
      assert.deepEqual(rest, due)
    }),
  )
})

test('urgent keys go first, also those that were waiting; others are not starved', async () => {
  const queue = new WorkQueue()
  for (const key of ['a', 'b', 'c']) queue.add(key)
  queue.add('c', { urgent: true })
  queue.add('d', { urgent: true })
  queue.add('c')
  const order: (string | undefined)[] = []
  while (queue.size > 0) order.push(await queue.get())
  assert.deepEqual(order, ['c', 'd', 'a', 'b'])

  queue.add('slow')
  for (let i = 0; i < 50; i++) queue.add(`urgent-${i}`, { urgent: true })
  for (let i = 0; ; i++) {
    assert.ok(i <= 16, 'starved')
    if ((await queue.get()) === 'slow') break
  }
})

test('so many keys that are not urgent are given out at once, and any number of those that are', async () => {
  const queue = new WorkQueue({ normalAtOnce: 2 })
  for (const key of ['a', 'b', 'c', 'd']) queue.add(key)
  assert.deepEqual([await queue.get(), await queue.get()], ['a', 'b'])
  const next = queue.get()
  queue.add('now', { urgent: true })
  assert.equal(await next, 'now')
  const afterwards = [queue.get(), queue.get()]
  queue.done('now')
  queue.done('a')
  assert.equal(await afterwards[0], 'c')
  // What was worked on as urgent does not count, also when it waits again without being so.
  queue.add('b')
  queue.done('b')
  assert.equal(await afterwards[1], 'd')
  assert.equal(queue.size, 1)
})

test('fewer keys that are not urgent are given out while urgent ones keep coming', async context => {
  const queue = new WorkQueue({ normalAtOnce: 3, normalBesideUrgent: 1 })
  context.mock.timers.enable({ apis: ['setTimeout'] })
  let now = 0
  context.mock.method(performance, 'now', () => now)
  queue.add('now', { urgent: true })
  for (const key of ['a', 'b', 'c', 'd', 'e']) queue.add(key)
  assert.deepEqual([await queue.get(), await queue.get()], ['now', 'a'])
  assert.equal(queue.isWorkingOn('now'), true)
  const taken: (string | undefined)[] = []
  for (let worker = 0; worker < 3; worker++) void queue.get().then(key => taken.push(key))
  queue.done('now')
  queue.done('a')
  await Promise.resolve()
  assert.deepEqual(taken, ['b'])
  now += 1_001
  queue.done('b')
  await Promise.resolve()
  assert.deepEqual(taken, ['b', 'c', 'd'])
  assert.equal(queue.isWorkingOn('b'), false)
})

test('a key added urgently while it is worked on is urgent when that is done', async () => {
  const queue = new WorkQueue()
  queue.add('a')
  await queue.get()
  queue.add('b')
  queue.add('a', { urgent: true })
  queue.add('a')
  queue.done('a')
  assert.equal(await queue.get(), 'a')
})

test('those who wait for keys get them in turn, and nothing once it is closed', async () => {
  const queue = new WorkQueue()
  const waiting = [queue.get(), queue.get(), queue.get()]
  queue.add('a')
  queue.add('b')
  queue.close()
  assert.deepEqual(await Promise.all(waiting), ['a', 'b', undefined])
  queue.add('c')
  queue.addAfter('c', 0)
  assert.equal(await queue.get(), undefined)
  assert.deepEqual([queue.size, queue.delayed], [0, 0])
})

test('a delay ends when its time comes or the key is added; of several, the shortest counts', context => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const queue = new WorkQueue()
  queue.addAfter('a', 1000)
  queue.addAfter('a', 500)
  queue.addAfter('a', 2000)
  context.mock.timers.tick(499)
  assert.deepEqual([queue.size, queue.delayed], [0, 1])
  context.mock.timers.tick(1)
  assert.deepEqual([queue.size, queue.delayed], [1, 0])
  queue.addAfter('b', 1000)
  queue.add('b')
  assert.deepEqual([queue.size, queue.delayed], [2, 0])
  context.mock.timers.tick(10_000)
  assert.equal(queue.size, 2)
})

test('failures in a row are delayed more and more, until they are forgotten', context => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  const backoff = { initialMs: 100, maxMs: 350, factor: 2 }
  const queue = new WorkQueue({ backoff, random: () => 1 })
  assert.deepEqual(
    [1, 2, 3, 4].map(() => queue.addRateLimited('a')),
    [100, 200, 350, 350],
  )
  assert.equal(queue.addRateLimited('b'), 100)
  queue.forget('a')
  assert.equal(queue.addRateLimited('a'), 100)
  assert.equal(queue.addRateLimited('b', 5000), 5000)
  assert.equal(new WorkQueue({ backoff, random: () => 0 }).addRateLimited('a'), 50)
})

test('a key that fails for long is not tried at each change, but soon after one', context => {
  context.mock.timers.enable({ apis: ['setTimeout'] })
  let now = 0
  context.mock.method(performance, 'now', () => now)
  const pass = (ms: number) => {
    now += ms
    context.mock.timers.tick(ms)
  }
  const queue = new WorkQueue({ backoff: { initialMs: 100, maxMs: 30_000, factor: 4 }, random: () => 1 })
  for (let failure = 1; failure <= 4; failure++) {
    queue.addRateLimited('a')
    queue.add('a', { urgent: true })
    assert.equal(queue.size, 1, 'a race is over with the change')
    void queue.get()
    queue.done('a')
  }
  queue.addRateLimited('a')
  queue.add('b')
  for (const _ of [1, 2, 3]) queue.add('a', { urgent: true })
  assert.deepEqual([queue.size, queue.delayed], [1, 1])
  pass(999)
  assert.equal(queue.size, 1)
  pass(1)
  assert.deepEqual([queue.size, queue.delayed], [2, 0])
  return queue.get().then(first => {
    assert.equal(first, 'a', 'as urgent as it was added')
    queue.done('a')
    queue.addRateLimited('a')
    pass(1_500)
    queue.add('a')
    assert.equal(queue.size, 2, 'long after its failure it is tried at once')
    queue.addRateLimited('a')
    queue.forgetAll()
    queue.add('a')
    assert.equal(queue.size, 2)
  })
})
