import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { setTimeout as sleep } from 'node:timers/promises'
import { type Reconcile, WorkQueue } from './work-queue.ts'

function queueOf(reconcile: Reconcile) {
  const errors: string[] = []
  const queue = new WorkQueue(
    reconcile,
    (key, error) => void errors.push(`${key}: ${(error as Error).message}`),
  )
  return { queue, errors }
}

async function until(holds: () => boolean): Promise<void> {
  const end = performance.now() + 2000
  while (!holds()) {
    assert.ok(performance.now() < end, 'it takes too long')
    await sleep(1)
  }
}

describe('the work queue', () => {
  test('runs a key once however often it is added, and never in the same turn', async () => {
    const runs: string[] = []
    const { queue } = queueOf(key => void runs.push(key))
    for (const key of ['a', 'b', 'a', 'a']) queue.add(key)
    assert.deepEqual(runs, [])
    await until(() => runs.length > 0)
    assert.deepEqual(runs, ['a', 'b'])
  })

  test('a key that is added while it runs runs again', async () => {
    let runs = 0
    const { queue } = queueOf(key => {
      if (++runs === 1) queue.add(key)
    })
    queue.add('a')
    await until(() => runs === 2)
  })

  test('what fails is told and tried again', async () => {
    let runs = 0
    const { queue, errors } = queueOf(() => {
      if (++runs < 3) throw new Error(`no ${runs}`)
    })
    queue.add('a')
    await until(() => runs === 3)
    assert.deepEqual(errors, ['a: no 1', 'a: no 2'])
  })

  test('looks again when it was asked to, or sooner when something happens', async () => {
    const runs: number[] = []
    const { queue } = queueOf(() => (runs.push(performance.now()) === 1 ? 60_000 : undefined))
    queue.add('a')
    await until(() => runs.length === 1)
    queue.addAfter('a', 1)
    await until(() => runs.length === 2)
  })

  test('leaves the loop to others between keys', async () => {
    let runs = 0
    const { queue } = queueOf(() => {
      runs++
      const end = performance.now() + 3
      while (performance.now() < end);
    })
    for (let i = 0; i < 20; i++) queue.add(String(i))
    for (let before = 0; runs < 20; before = runs) {
      await new Promise(resolve => setImmediate(resolve))
      assert.ok(runs - before <= 3, `${runs - before} keys in one turn`)
    }
  })

  test('nothing runs after it is stopped', async () => {
    let runs = 0
    const { queue } = queueOf(() => void runs++)
    queue.add('a')
    queue.addAfter('b', 1)
    queue.stop()
    await sleep(10)
    assert.equal(runs, 0)
  })
})
