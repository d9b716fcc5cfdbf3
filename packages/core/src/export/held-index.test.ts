import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import fc from 'fast-check'
import {
  HEED_EVERY_MS,
  type HeldInput,
  heedHeld,
  heldIndexesText,
  heldSequenceIn,
  isCredibleClaim,
} from './held-index.ts'

const NOW = Date.parse('2026-11-22T10:00:00Z')
const HOUR = 3_600_000
const input = (claims: Record<string, number>, more: Partial<HeldInput> = {}): HeldInput => ({
  claims: Object.entries(claims).map(([clusterId, sequence]) => ({ clusterId, sequence })),
  known: NOW - HOUR,
  now: NOW,
  heededAgo: () => undefined,
  ...more,
})

describe('an index that peers hold', () => {
  it('is written above the highest that any of them has seen, also after a clock that was ahead', () => {
    assert.deepEqual(heedHeld(input({ west: NOW + HOUR, north: NOW + 2 * HOUR, south: NOW - 2 * HOUR })), {
      above: NOW + 2 * HOUR,
      heeded: ['west', 'north'],
      againInMs: undefined,
    })
  })

  it('is left alone when nobody has seen a higher one', () => {
    const nothing = { above: 0, heeded: [], againInMs: undefined }
    assert.deepEqual(heedHeld(input({})), nothing)
    assert.deepEqual(heedHeld(input({ west: NOW - HOUR, north: 1 })), nothing)
  })

  it('is left alone when what they say cannot be', () => {
    for (const lie of [
      NOW + 400 * 24 * HOUR,
      Number.MAX_SAFE_INTEGER,
      2 ** 60,
      Number.POSITIVE_INFINITY,
      Number.NaN,
    ])
      assert.deepEqual(heedHeld(input({ west: lie })), { above: 0, heeded: [], againInMs: undefined })
  })

  it('is written for one peer once in an interval, and for another meanwhile', () => {
    const heededAgo = (id: string) => (id === 'west' ? 10_000 : undefined)
    assert.deepEqual(heedHeld(input({ west: NOW + 1 }, { heededAgo })), {
      above: 0,
      heeded: [],
      againInMs: HEED_EVERY_MS - 10_000,
    })
    assert.deepEqual(heedHeld(input({ west: NOW + 2, north: NOW + 1 }, { heededAgo })).heeded, [
      'west',
      'north',
    ])
  })

  it('goes no higher than a year ahead, once in an interval, whatever one peer says', () => {
    const lie = fc.oneof(fc.double(), fc.maxSafeInteger(), fc.integer({ min: 0, max: 400 * 24 * HOUR }))
    const says = fc.record({ afterMs: fc.nat(HEED_EVERY_MS), sequence: lie, isRelative: fc.boolean() })
    fc.assert(
      fc.property(fc.array(says, { maxLength: 40 }), said => {
        let [now, stored, writes, heededAt] = [NOW, NOW - HOUR, 0, Number.NEGATIVE_INFINITY]
        for (const { afterMs, sequence, isRelative } of said) {
          now += afterMs
          const claims = [{ clusterId: 'west', sequence: isRelative ? stored + sequence : sequence }]
          const { above } = heedHeld({ claims, known: stored, now, heededAgo: () => now - heededAt })
          if (above === 0) continue
          stored = Math.max(stored, above) + 1
          writes++
          heededAt = now
        }
        assert.ok(writes <= 1 + (now - NOW) / HEED_EVERY_MS, `${writes} writes in ${now - NOW} ms`)
        assert.ok(Number.isSafeInteger(stored) && stored <= now + 366 * 24 * HOUR + 1, `${stored}`)
      }),
    )
  })

  it('comes to rest above all that honest peers have seen, however late each of them is read', () => {
    const seen = fc.dictionary(
      fc.constantFrom('a', 'b', 'c', 'd'),
      fc.integer({ min: 1, max: NOW + 24 * HOUR }),
    )
    fc.assert(
      fc.property(seen, fc.array(fc.constantFrom('a', 'b', 'c', 'd')), (highest, order) => {
        let [stored, now] = [1, NOW]
        const read: Record<string, number> = {}
        const heededAt = new Map<string, number>()
        for (const id of [...order, ...Object.keys(highest)]) {
          now += HEED_EVERY_MS
          const saw = highest[id]
          // A peer says what it holds, and nothing where it holds nothing.
          if (saw !== undefined && saw > stored) read[id] = saw
          const heededAgo = (peer: string) => now - (heededAt.get(peer) ?? Number.NEGATIVE_INFINITY)
          const { above, heeded } = heedHeld(input(read, { known: stored, now, heededAgo }))
          for (const peer of heeded) heededAt.set(peer, now)
          if (above > 0) stored = above + 1
        }
        for (const [id, saw] of Object.entries(highest))
          assert.ok(stored >= saw, `${id} has seen ${saw}, it is ${stored}`)
      }),
    )
  })
})

describe('what is said of held indexes', () => {
  it('is read as it was written', () => {
    const id = fc.stringMatching(/^[a-z0-9]([-a-z0-9]{0,61}[a-z0-9])?$/)
    fc.assert(
      fc.property(fc.dictionary(id, fc.nat(Number.MAX_SAFE_INTEGER), { maxKeys: 500 }), held => {
        const text = heldIndexesText(new Map(Object.entries(held)))
        for (const [member, sequence] of Object.entries(held))
          assert.equal(heldSequenceIn(text, member), sequence)
      }),
      { numRuns: 30 },
    )
    assert.equal(heldIndexesText(new Map()), undefined)
  })

  it('is bounded, and harmless, whatever it is', () => {
    const many = new Map(
      Array.from({ length: 5_000 }, (_, i) => [`${'x'.repeat(58)}${i}`, Number.MAX_SAFE_INTEGER]),
    )
    assert.ok((heldIndexesText(many)?.length ?? 0) < 64 << 10)
    const texts = [
      '',
      '[]',
      'null',
      '1',
      '{',
      '{"east":"9"}',
      '{"east":1.5}',
      '{"east":null}',
      '{"__proto__":{"east":9}}',
    ]
    for (const text of [...texts, undefined, 7, `${' '.repeat(64 << 10)}{"east":9}`, '['.repeat(60_000)])
      assert.equal(heldSequenceIn(text, 'east'), undefined)
    assert.equal(heldSequenceIn('{"east":9}', 'constructor'), undefined)
    fc.assert(fc.property(fc.string(), text => void heldSequenceIn(text, 'east')))
    assert.equal(isCredibleClaim(0, NOW), false)
    assert.equal(isCredibleClaim(NOW + HOUR, NOW), true)
  })
})
