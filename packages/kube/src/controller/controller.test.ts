import assert from 'node:assert/strict'
import { type TestContext, test } from 'node:test'
import { ApiError } from '../client/api-error.ts'
import { eventually } from '../testing/eventually.ts'
import { Controller, type ControllerOptions } from './controller.ts'
import { done, type Outcome, requeueAfter, retry } from './outcome.ts'

const FAST = { initialMs: 1, maxMs: 4, factor: 2 }

function controller(context: TestContext, options: Omit<ControllerOptions, 'name'>): Controller {
  const controller = new Controller({ name: 'test', backoff: FAST, ...options })
  context.after(() => controller.stop())
  return controller
}

test('works off what was enqueued, before the start too, each key once', async context => {
  const worked: string[] = []
  const reconcile = async (key: string) => {
    worked.push(key)
    return done()
  }
  const subject = controller(context, { reconcile })
  for (const key of ['a', 'b', 'a']) subject.enqueue(key)
  subject.enqueue('c', { urgent: true })
  assert.deepEqual(worked, [])
  subject.start()
  await subject.idle()
  assert.deepEqual(worked, ['c', 'a', 'b'])
})

test('what arrives while a crowd is worked on that has to wait for nothing goes ahead of its rest', async context => {
  const worked: string[] = []
  const reconcile = async (key: string) => {
    const until = performance.now() + 1
    while (performance.now() < until);
    worked.push(key)
    return done()
  }
  const subject = controller(context, { reconcile, concurrency: 4 })
  for (let i = 0; i < 300; i++) subject.enqueue(`key-${i}`)
  subject.start()
  setImmediate(() => subject.enqueue('live', { urgent: true }))
  await subject.idle()
  assert.equal(worked.length, 301)
  assert.ok(worked.indexOf('live') < 100, `after ${worked.indexOf('live')} others`)
})

test('what fails is tried again, however it fails, until it succeeds', async context => {
  const outcomes: (() => Outcome)[] = [
    () => retry(new Error('returned')),
    () => {
      throw new Error('thrown')
    },
    done,
  ]
  const errors: string[] = []
  const reconciled: string[] = []
  const subject = controller(context, {
    reconcile: async () => outcomes.shift()?.() ?? assert.fail('once too often'),
    onError: (error, key, retryInMs) => errors.push(`${key}: ${(error as Error).message}, ${retryInMs <= 4}`),
    onReconciled: ({ key, outcome, durationMs }) =>
      reconciled.push(`${key} ${outcome.kind} ${durationMs >= 0}`),
  })
  subject.enqueue('a')
  subject.start()
  await eventually(() => outcomes.length === 0 && subject.queue.delayed === 0 && subject.queue.working === 0)
  assert.deepEqual(errors, ['a: returned, true', 'a: thrown, true'])
  assert.deepEqual(reconciled, ['a retry true', 'a retry true', 'a done true'])
})

test('a success ends the row of failures: the next delay is the first', async context => {
  const delays: number[] = []
  const fail = () => retry(new Error('no'))
  const outcomes = [fail, fail, fail, () => requeueAfter(1), fail, fail, done, fail]
  const subject = controller(context, {
    reconcile: async () => {
      const outcome = outcomes.shift()?.() ?? done()
      if (outcome.kind === 'done') setImmediate(() => subject.enqueue('a'))
      return outcome
    },
    backoff: { initialMs: 2, maxMs: 1000, factor: 2 },
    random: () => 1,
    onError: (_, __, retryInMs) => delays.push(retryInMs),
  })
  subject.enqueue('a')
  subject.start()
  await eventually(() => delays.length === 6)
  assert.deepEqual(delays, [2, 4, 8, 2, 4, 2])
})

test('looks again after the time that a reconcile asks for', async context => {
  let times = 0
  const subject = controller(context, { reconcile: async () => (++times < 3 ? requeueAfter(2) : done()) })
  subject.enqueue('a')
  subject.start()
  await eventually(() => times === 3)
})

test('stays away from a server for as long as it asks', async context => {
  const delays: number[] = []
  const error = new ApiError(429, 'too many', { retryAfterMs: 30_000 })
  const subject = controller(context, {
    reconcile: async () => retry(error),
    onError: (_, __, retryInMs) => delays.push(retryInMs),
  })
  subject.enqueue('a')
  subject.start()
  await eventually(() => delays.length === 1)
  assert.deepEqual(delays, [30_000])
})

test('works on several keys at once, on one never twice', async context => {
  const running = new Map<string, number>()
  let most = 0
  let twice = false
  let finished = 0
  const reconcile = async (key: string) => {
    running.set(key, (running.get(key) ?? 0) + 1)
    twice ||= (running.get(key) ?? 0) > 1
    most = Math.max(
      most,
      [...running.values()].reduce((sum, count) => sum + count),
    )
    await new Promise(resolve => setImmediate(resolve))
    if (finished < 20) subject.enqueue(key)
    running.set(key, (running.get(key) ?? 0) - 1)
    finished++
    return done()
  }
  const subject = controller(context, { reconcile, concurrency: 3 })
  for (const key of ['a', 'b', 'c', 'd', 'e']) subject.enqueue(key)
  subject.start()
  await subject.idle()
  assert.equal(most, 3)
  assert.equal(twice, false)
  assert.ok(finished >= 20)
})

test('stopping aborts what runs, waits for it, and begins nothing more', async () => {
  let ended = false
  const worked: string[] = []
  const subject = new Controller({
    name: 'test',
    reconcile: async (key, signal) => {
      worked.push(key)
      await new Promise(resolve => signal.addEventListener('abort', resolve))
      await new Promise(resolve => setImmediate(resolve))
      ended = true
      throw signal.reason
    },
    onError: () => assert.fail('not an error'),
  })
  subject.enqueue('a')
  subject.enqueue('b')
  subject.start()
  await eventually(() => worked.length === 1)
  await subject.stop()
  assert.equal(ended, true)
  subject.enqueue('c')
  await subject.idle()
  assert.deepEqual(worked, ['a'])
})
