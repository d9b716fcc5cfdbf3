import assert from 'node:assert/strict'
import { test } from 'node:test'
import { BoundedLog } from './bounded-log.ts'
import { expand } from './container-environment.ts'

test('references to variables are filled in, unknown and escaped ones stay', () => {
  const environment = { HOST: '127.64.0.2', PORT: '8080' }
  assert.equal(expand('http://$(HOST):$(PORT)/', environment), 'http://127.64.0.2:8080/')
  assert.equal(expand('$(MISSING) $HOST $', environment), '$(MISSING) $HOST $')
  assert.equal(expand('$$(HOST)', environment), '$(HOST)')
})

test('a log keeps the last 64 KiB, however it was written', () => {
  const log = new BoundedLog()
  for (let line = 0; line < 20_000; line++) log.append(Buffer.from(`line ${line}\n`))
  log.append(Buffer.from('the end'))
  assert.equal(log.toString().length, 64 * 1024)
  assert.ok(log.toString().endsWith('line 19999\nthe end'))
  log.append(Buffer.alloc(1_000_000, 'x'))
  assert.equal(log.toString(), 'x'.repeat(64 * 1024))
})
