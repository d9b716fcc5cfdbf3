import assert from 'node:assert/strict'
import { it } from 'node:test'
import { isExpired, isHalfOver } from './lifetime.ts'

const HOUR = 3_600_000
const issued = Date.parse('2026-11-22T08:00:00Z')
const at = (hours: number) => issued + hours * HOUR
const lasting = (hours: number) => ({
  issuedAt: new Date(issued).toISOString(),
  expiresAt: new Date(at(hours)).toISOString(),
})

it('is half over after half of its life, and over at its end', () => {
  assert.equal(isHalfOver(lasting(24), at(11.9)), false)
  assert.equal(isHalfOver(lasting(24), at(12)), true)
  assert.equal(isExpired(lasting(24), at(23.9)), false)
  assert.equal(isExpired(lasting(24), at(24)), true)
})

it('is half over sooner where a server gives less than was asked for', () => {
  assert.equal(isHalfOver(lasting(1), at(0.5)), true)
})

it('is not believed to last for ever', () => {
  assert.equal(isHalfOver(lasting(24 * 365 * 1000), at(12)), true)
})

it('is half over for a clock that was set back by more than a life', () => {
  assert.equal(isHalfOver(lasting(24), at(-1)), false)
  assert.equal(isHalfOver(lasting(24), at(-25)), true)
})
