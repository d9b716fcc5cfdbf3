import assert from 'node:assert/strict'
import { test } from 'node:test'
import { isDeepStrictEqual } from 'node:util'
import fc from 'fast-check'
import type { ZoneName, ZoneRecord } from './record.ts'
import { areSameNames } from './same-names.ts'

const text = fc.constantFrom('a', 'b')
const number = fc.constantFrom(1, 2)
const ttl = fc.constantFrom(undefined, 5)
const record: fc.Arbitrary<ZoneRecord> = fc
  .oneof(
    fc.record({ type: fc.constantFrom('A' as const, 'AAAA' as const), address: text, ttl }),
    fc.record({
      type: fc.constant('SRV' as const),
      priority: number,
      weight: number,
      port: number,
      target: text,
      ttl,
    }),
    fc.record({ type: fc.constant('TXT' as const), text, ttl }),
    fc.record({ type: fc.constant('NS' as const), target: text, ttl }),
  )
  .map(({ ttl: seconds, ...rest }) => (seconds === undefined ? rest : { ...rest, ttl: seconds }))
const names: fc.Arbitrary<ZoneName[]> = fc.array(
  fc.record({ name: text, records: fc.array(record, { maxLength: 2 }) }),
  { maxLength: 2 },
)

test('lists of names are the same when a general comparison says so', () => {
  fc.assert(
    fc.property(names, names, (some, others) => {
      // Cloned, for the arbitraries give some objects no prototype.
      const isSame = isDeepStrictEqual(structuredClone(some), structuredClone(others))
      assert.equal(areSameNames(some, others), isSame)
      assert.ok(areSameNames(some, structuredClone(some)))
    }),
  )
})
