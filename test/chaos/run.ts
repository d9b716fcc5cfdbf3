/**
 * Storms, one after the other, each with its own seed:
 *
 *     npm run chaos -- --minutes 10
 *     npm run chaos -- --seed 1234 --verbose      that one again
 */
import { parseArgs } from 'node:util'
import { Points } from './points.ts'
import { storm } from './storm.ts'

const { values } = parseArgs({
  options: {
    minutes: { type: 'string', default: '1' },
    seconds: { type: 'string', default: '15' },
    members: { type: 'string', default: '3' },
    seed: { type: 'string' },
    verbose: { type: 'boolean', default: false },
  },
})
const end = performance.now() + Number(values.minutes) * 60_000
const first = values.seed === undefined ? Math.floor(Math.random() * 1e9) : Number(values.seed)
const points = new Points()
let failed = 0
let seed = first
do {
  const lines: string[] = []
  const began = performance.now()
  const log = (line: string) => {
    const at = `${((performance.now() - began) / 1000).toFixed(2)} ${line}`
    if (values.verbose) console.log(at)
    lines.push(at)
  }
  const options = { seed, members: Number(values.members), seconds: Number(values.seconds), log, points }
  const before = lines.length
  try {
    const { faults, changes, relinked, convergedMs, violations } = await storm(options)
    console.log(
      `seed ${seed}: ${faults} faults, ${changes} changes, converged after ${(convergedMs / 1000).toFixed(1)} s, ${relinked} relinked`,
    )
    if (violations.length > 0) throw new Error(violations.join('\n'))
  } catch (error) {
    failed++
    const words =
      error instanceof Error ? [error.message, (error.cause as Error | undefined)?.message ?? ''] : [error]
    console.log(`seed ${seed}: FAILED\n${words.join('\n')}\n${lines.slice(before).join('\n')}`)
  }
  seed++
} while (values.seed === undefined && performance.now() < end)
for (const line of points.lines()) console.log(line)
console.log(`${seed - first} storms, ${failed} failed`)
process.exit(failed === 0 ? 0 : 1)
