import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import { storm } from './storm.ts'

/** Longer runs, and any seed: `npm run chaos -- --minutes 10`. */
const SEEDS = [1, 2]
const SECONDS = 6

describe('after a storm every member has what core computes from what users left; during it nothing is lost', () => {
  for (const seed of SEEDS) {
    it(`seed ${seed}`, { timeout: 300_000 }, async () => {
      const lines: string[] = []
      const { violations } = await storm({ seed, seconds: SECONDS, log: line => lines.push(line) }).catch(
        error => {
          throw new Error(lines.join('\n'), { cause: error })
        },
      )
      assert.deepEqual(violations, [], lines.join('\n'))
    })
  }
})
