import assert from 'node:assert/strict'
import { it } from 'node:test'
import type { ExportIndex } from '@isthmus/api'
import { nextIndex } from '@isthmus/core'
import fc from 'fast-check'

/** What the API server has, version by version: publishers see it late, and in order, but may skip some. */
interface Version {
  readonly index: ExportIndex | undefined
  readonly exports: ReadonlySet<string>
}

/** The index as it is kept by processes that all believe that they are the one that keeps it. */
class Model {
  readonly history: Version[] = [{ index: undefined, exports: new Set() }]
  /** Of all indexes that anybody can have read. */
  highest = 0
  writes = 0
  readonly #publishers = [0, 1].map(() => ({ seen: 0, highest: 0 }))

  change(next: Partial<Version>): void {
    this.history.push({ ...this.#last, ...next })
    this.highest = Math.max(this.highest, next.index?.spec.sequence ?? 0)
  }

  toggle(key: string): void {
    this.change({ exports: this.#last.exports.symmetricDifference(new Set([key])) })
  }

  /** A publisher hears of some of what happened, perhaps from a list: then it never saw what was between. */
  hear(id: number, count: number, listed: boolean): void {
    const publisher = this.#publisher(id)
    const upTo = Math.min(publisher.seen + count, this.history.length - 1)
    for (const { index } of this.history.slice(listed ? upTo : publisher.seen + 1, upTo + 1))
      publisher.highest = Math.max(publisher.highest, index?.spec.sequence ?? 0)
    publisher.seen = upTo
  }

  /** Answers whether it wanted to write. What it computed from another version than the last one is a conflict. */
  reconcile(id: number, now: number): boolean {
    const publisher = this.#publisher(id)
    const { index: stored, exports } = this.history[publisher.seen] as Version
    const highestWritten = publisher.highest
    const spec = nextIndex({
      clusterId: 'east',
      stored,
      wanted: exports,
      published: exports,
      highestWritten,
      now,
    })
    if (spec === undefined) return false
    if (stored !== this.#last.index) return true
    this.writes++
    this.change({ index: { apiVersion: 'isthmus.dev/v1alpha1', kind: 'ExportIndex', metadata: {}, spec } })
    publisher.highest = spec.sequence
    return true
  }

  get #last(): Version {
    return this.history.at(-1) as Version
  }

  get last(): Version {
    return this.#last
  }

  #publisher(id: number) {
    return this.#publishers[id] ?? assert.fail()
  }
}

const id = fc.constantFrom(0, 1)
const step = fc.oneof(
  fc.record({ what: fc.constant('export' as const), key: fc.constantFrom('demo/a', 'demo/b', 'demo/c') }),
  fc.record({
    what: fc.constant('hear' as const),
    id,
    count: fc.integer({ min: 1, max: 5 }),
    listed: fc.boolean(),
  }),
  fc.record({ what: fc.constant('reconcile' as const), id }),
  fc.record({ what: fc.constant('wipe' as const) }),
)
/** Of each publisher's clock, in milliseconds: hours apart. */
const clocks = fc.tuple(fc.integer({ min: 0, max: 1e7 }), fc.integer({ min: 0, max: 1e7 }))

it('two that publish the same index come to rest, above all that was ever read, whatever their caches and clocks', () => {
  fc.assert(
    fc.property(fc.array(step, { maxLength: 60 }), clocks, (steps, offsets) => {
      const model = new Model()
      let now = 1_764_000_000_000
      const clockOf = (id: number) => now + (offsets[id] ?? 0)
      for (const s of steps) {
        now++
        if (s.what === 'export') model.toggle(s.key)
        else if (s.what === 'hear') model.hear(s.id, s.count, s.listed)
        else if (s.what === 'wipe') model.change({ index: undefined })
        else model.reconcile(s.id, clockOf(s.id))
      }
      const before = model.writes
      for (let turn = 0; turn < 8; turn++) {
        now++
        model.hear(turn % 2, Number.POSITIVE_INFINITY, false)
        model.reconcile(turn % 2, clockOf(turn % 2))
      }
      assert.ok(model.writes - before <= 2, `${model.writes - before} writes for nothing new`)
      for (const id of [0, 1]) {
        model.hear(id, Number.POSITIVE_INFINITY, false)
        assert.equal(model.reconcile(id, clockOf(id)), false, 'it is at rest')
      }
      const { index, exports } = model.last
      assert.deepEqual(index?.spec.services, [...exports].sort())
      // Only one that nobody of the two saw can be higher: what is wiped before it is heard of.
      const wiped = steps.some(({ what }) => what === 'wipe')
      if (!wiped) assert.equal(index?.spec.sequence, model.highest)
    }),
    { numRuns: 300 },
  )
})
