import assert from 'node:assert/strict'
import { test } from 'node:test'
import { AddressPool } from './address-pool.ts'

test('a released address is the last to be given out again', () => {
  const pool = new AddressPool('10.64.16.0/24')
  const first = pool.take()
  assert.equal(first, '10.64.16.2')
  pool.release('10.64.16.2')
  const rest = Array.from({ length: 252 }, () => pool.take())
  assert.equal(rest.includes(first), false)
  assert.equal(new Set(rest).size, 252)
  assert.equal(pool.take(), first)
  assert.equal(pool.take(), undefined)
})

test('an address that a pod had before is given back to it while it is free', () => {
  const pool = new AddressPool('10.64.16.0/24')
  assert.equal(pool.take('10.64.16.9'), '10.64.16.9')
  assert.equal(pool.take('10.64.16.9'), '10.64.16.2')
  assert.equal(pool.take('10.64.17.9'), '10.64.16.3')
  assert.equal(pool.take('10.64.16.1'), '10.64.16.4')
})
