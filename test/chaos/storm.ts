import { setTimeout as delay } from 'node:timers/promises'
import { until } from '../fixtures/until.ts'
import { actualImports, expectedImports, type Imports } from './expected.ts'
import { FAULTS, type Mishap } from './faults.ts'
import { Guard } from './guard.ts'
import { ChaosMember } from './member.ts'
import { Random } from './random.ts'
import { change, prepare } from './workload.ts'

export interface StormOptions {
  readonly seed: number
  readonly members?: number
  readonly seconds: number
  readonly log?: (line: string) => void
}

export interface StormResult {
  /** From the end of the storm until all members had converged. */
  readonly convergedMs: number
  readonly faults: number
  readonly changes: number
  /** Of what must hold all through it. */
  readonly violations: readonly string[]
}

const FAULT_MS = [100, 1500] as const
const PAUSE_MS = [50, 400] as const
const AT_ONCE = 3
const CHANGE_EVERY_MS = 40
const CONVERGE_MS = 120_000
/** Clocks jump by no more. */
const LATER_MS = 10 * 60_000
/** Of one member, as against none of the others. */
const BULK = 30

/**
 * Raises a storm over a ClusterSet of embedded clusters, and waits until it has converged to what core computes
 * from the objects that users left. Rejects if it does not.
 */
export async function storm({
  seed,
  members: count = 3,
  seconds,
  log = () => {},
}: StormOptions): Promise<StormResult> {
  const random = new Random(seed)
  const members = Array.from({ length: count }, (_, i) => new ChaosMember(`m${i + 1}`, i))
  const guards: Guard[] = []
  try {
    for (const [index, member] of members.entries()) {
      await member.listen()
      await member.install()
      prepare(member, index, index === 0 ? BULK : 0)
    }
    for (const member of members) member.startAgent(members)
    for (const member of members) guards.push(new Guard(member, count))
    await until('the steady services are imported', () => guards.every(guard => guard.isWhole), 60_000)
    const tally = await rage({ members, guards, random, seconds, log })
    log('calm')
    const from = performance.now()
    await calm(members)
    await until('all members have converged', () => assertConverged(members), CONVERGE_MS)
    const convergedMs = performance.now() - from
    for (const guard of guards) guard.look()
    await assertQuiet(members)
    return { ...tally, convergedMs, violations: guards.flatMap(({ violations }) => violations) }
  } finally {
    for (const guard of guards) guard.end()
    await Promise.all(members.map(member => member.close()))
  }
}

interface Weather {
  readonly members: readonly ChaosMember[]
  readonly guards: readonly Guard[]
  readonly random: Random
  readonly seconds: number
  readonly log: (line: string) => void
}

/** Faults, some at once, while users go on changing what is theirs. */
async function rage({
  members,
  guards,
  random,
  seconds,
  log,
}: Weather): Promise<{ faults: number; changes: number }> {
  const end = performance.now() + seconds * 1000
  const isOver = () => performance.now() >= end
  const restored = (member: ChaosMember) => guards[members.indexOf(member)]?.forgive()
  const tally = { faults: 0, changes: 0 }
  const gust = async () => {
    while (!isOver()) {
      const member = random.pick(members)
      const name = random.pick(Object.keys(FAULTS))
      const lastsMs = random.integer(...FAULT_MS)
      const mishap: Mishap | undefined = await FAULTS[name]?.({ members, random, restored }, member)
      if (mishap === undefined) throw new Error(`there is no fault ${name}`)
      log(`${member.id}: ${name}${mishap.what === '' ? '' : `, ${mishap.what}`}, for ${lastsMs} ms`)
      tally.faults++
      await delay(lastsMs)
      await mishap.mend()
      await delay(random.integer(...PAUSE_MS))
    }
  }
  const users = async () => {
    while (!isOver()) {
      log(change(members, random))
      tally.changes++
      await delay(CHANGE_EVERY_MS)
    }
  }
  await Promise.all([users(), ...Array.from({ length: AT_ONCE }, gust)])
  return tally
}

/** All is put right, and every member has one agent. */
async function calm(members: readonly ChaosMember[]): Promise<void> {
  for (const member of members) {
    member.server.faults.clear()
    // Ten minutes later: an index that was written by a clock ahead of time, and lost with its store, is caught up with.
    member.skew(LATER_MS)
    for (const other of members) member.reconnect(other.id)
    await member.listen()
  }
  for (const member of members) {
    await until(
      `${member.id} is installed`,
      async () => {
        await member.install()
        return member.isInstalled
      },
      30_000,
    )
    // Two may be left, or none: a fuse that is still burning has to go too.
    await member.stopAgents()
    member.startAgent(members)
  }
}

function assertConverged(members: readonly ChaosMember[]): true {
  for (const member of members) {
    const difference = differenceOf(expectedImports(member, members), actualImports(member))
    if (difference === undefined) continue
    const links = member.agents.flatMap(agent => agent.status().links)
    const states = links.map(({ clusterId, state, reason = '' }) => `${clusterId} ${state} ${reason}`)
    throw new Error(`${member.id}: ${difference}\nlinks: ${states.join('; ')}`)
  }
  return true
}

function differenceOf(expected: Imports, actual: Imports): string | undefined {
  for (const key of new Set([...expected.keys(), ...actual.keys()])) {
    const wanted = expected.get(key) ?? ['no import']
    const found = actual.get(key) ?? ['no import']
    const missing = wanted.filter(line => !found.includes(line))
    const tooMuch = found.filter(line => !wanted.includes(line))
    if (missing.length + tooMuch.length > 0)
      return `${key} should have\n  ${missing.join('\n  ')}\nand has\n  ${tooMuch.join('\n  ')}`
  }
  return undefined
}

const LEASES = 'resource="leases"'
const QUIET_MS = 1_000

/** Nobody goes on writing: agents that argue would never end. */
async function assertQuiet(members: readonly ChaosMember[]): Promise<void> {
  const writes = async () => {
    const texts = await Promise.all(
      members.flatMap(({ agents }) => agents.map(agent => agent.metrics.metrics())),
    )
    return texts
      .flatMap(text => text.split('\n'))
      .filter(line => line.startsWith('isthmus_writes_total{') && !line.includes(LEASES))
      .reduce((sum, line) => sum + Number(line.slice(line.lastIndexOf(' ') + 1)), 0)
  }
  await until(
    'nothing is written any more',
    async () => {
      const before = await writes()
      await delay(QUIET_MS)
      return (await writes()) === before
    },
    30_000,
  )
}
