import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ChangeNotifier } from './change-notifier.ts'

test('many changes are told once, later ones again, and nothing after the end', t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const notifier = new ChangeNotifier()
  let told = 0
  const end = notifier.subscribe(() => {
    told++
  })
  for (let n = 0; n < 100; n++) notifier.changed()
  assert.equal(told, 0)
  t.mock.timers.tick(1000)
  assert.equal(told, 1)
  notifier.changed()
  t.mock.timers.tick(1000)
  assert.equal(told, 2)
  notifier.changed()
  end()
  t.mock.timers.tick(1000)
  assert.equal(told, 2)
})
