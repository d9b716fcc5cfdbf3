import { setTimeout as delay } from 'node:timers/promises'
import type { AgentStatus } from '@isthmus/agent'
import { until } from '../fixtures/until.ts'
import { Ageing } from './ageing.ts'
import { actualImports, expectedImports, type Imports } from './expected.ts'
import { FAULTS, type Mishap } from './faults.ts'
import { Guard } from './guard.ts'
import { Hub } from './hub.ts'
import { ChaosMember, type ChaosSet, REGISTRY } from './member.ts'
import { Points } from './points.ts'
import { Random } from './random.ts'
import { change, prepare } from './workload.ts'

export interface StormOptions {
  readonly seed: number
  readonly members?: number
  readonly seconds: number
  readonly log?: (line: string) => void
  /** Where the agents of several storms died, and of this one. */
  readonly points?: Points
}

export interface StormResult {
  /** From the end of the storm until all members had converged. */
  readonly convergedMs: number
  readonly faults: number
  readonly changes: number
  /** Members that an administrator had to link anew after it, as a credential had expired. */
  readonly relinked: number
  /** Of what must hold all through it. */
  readonly violations: readonly string[]
}

const FAULT_MS = [100, 1500] as const
const PAUSE_MS = [50, 400] as const
const AT_ONCE = 3
/** Beside all that, agents die: where none has died yet, or, if such a request does not come, anywhere. */
const DEATH_WITHIN_MS = 1_500
const DEATH_PAUSE_MS = [300, 1500] as const
const CHANGE_EVERY_MS = 40
const CONVERGE_MS = 120_000
/** An hour a second: a token lives for 24 s, and is renewed after 12. */
const AGEING = 3_600
/** While all converge: a credential is looked for over a link twice a minute. */
const AGEING_LATER = 60
/** A new credential takes a moment: it is asked for, issued, laid into the registry, and fetched. */
const RELINK_EVERY_MS = 10_000
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
  points = new Points(),
}: StormOptions): Promise<StormResult> {
  const random = new Random(seed)
  const ageing = new Ageing()
  const hub = await Hub.start(ageing)
  const set: ChaosSet = { hub, ageing, points, members: [] }
  const { members } = set
  const guards: Guard[] = []
  try {
    for (let index = 0; index < count; index++) {
      const member = await ChaosMember.join(`m${index + 1}`, index, set)
      prepare(member, index, index === 0 ? BULK : 0)
    }
    for (const member of members) member.startAgent()
    for (const member of members) guards.push(new Guard(member, count, log))
    await until('the steady services are imported', () => guards.every(guard => guard.isWhole), 60_000)
    ageing.rate = AGEING
    const tally = await rage({ ...set, guards, random, seconds, log })
    log('calm')
    const from = performance.now()
    ageing.rate = AGEING_LATER
    await calm(set)
    const administrator = new Administrator(members, log)
    await until(
      'all members have converged',
      async () => {
        await administrator.look()
        return assertConverged(members)
      },
      CONVERGE_MS,
    )
    const convergedMs = performance.now() - from
    ageing.rate = 0
    for (const guard of guards) guard.look()
    await assertQuiet(members)
    return {
      ...tally,
      convergedMs,
      relinked: administrator.relinked,
      violations: guards.flatMap(({ violations }) => violations),
    }
  } finally {
    for (const guard of guards) guard.end()
    await Promise.all(members.map(member => member.close()))
    await hub.cluster.close()
  }
}

interface Weather extends ChaosSet {
  readonly guards: readonly Guard[]
  readonly random: Random
  readonly seconds: number
  readonly log: (line: string) => void
}

/** Faults, some at once, while users go on changing what is theirs. */
async function rage({
  guards,
  random,
  seconds,
  log,
  ...set
}: Weather): Promise<{ faults: number; changes: number }> {
  const { members } = set
  const end = performance.now() + seconds * 1000
  const failures: unknown[] = []
  const isOver = () => failures.length > 0 || performance.now() >= end
  const restored = (member: ChaosMember) => guards[members.indexOf(member)]?.forgive()
  const tally = { faults: 0, changes: 0 }
  const gust = async () => {
    while (!isOver()) {
      const member = random.pick(members)
      const name = random.pick(Object.keys(FAULTS))
      const lastsMs = random.integer(...FAULT_MS)
      const mishap: Mishap | undefined = await FAULTS[name]?.({ ...set, random, restored }, member)
      if (mishap === undefined) throw new Error(`there is no fault ${name}`)
      log(`${member.id}: ${name}${mishap.what === '' ? '' : `, ${mishap.what}`}, for ${lastsMs} ms`)
      tally.faults++
      await delay(lastsMs)
      await mishap.mend()
      await delay(random.integer(...PAUSE_MS))
    }
  }
  const death = async () => {
    while (!isOver()) {
      const member = random.pick(members)
      const isCarriedOut = random.chance(0.5)
      const { promise: died, resolve } = Promise.withResolvers<string>()
      const shorten = member.killAgent(
        point => set.points.isUntried(point, isCarriedOut),
        isCarriedOut,
        (point = 'none') => {
          member.startAgent()
          resolve(point)
        },
      )
      const waited = setTimeout(shorten, DEATH_WITHIN_MS)
      const point = await Promise.race([died, delay(2 * DEATH_WITHIN_MS, 'it does nothing')])
      clearTimeout(waited)
      log(`${member.id}: dies ${isCarriedOut ? 'after' : 'before'} a request: ${point}`)
      await delay(random.integer(...DEATH_PAUSE_MS))
    }
  }
  const users = async () => {
    while (!isOver()) {
      log(change(members, random))
      tally.changes++
      await delay(CHANGE_EVERY_MS)
    }
  }
  // All end before one that failed is told of: what they still mend would outlive the storm.
  const actors = [users(), death(), ...Array.from({ length: AT_ONCE }, gust)]
  await Promise.all(actors.map(actor => actor.catch(error => failures.push(error))))
  if (failures.length > 0) throw failures[0]
  return tally
}

/** All is put right, and every member has one agent. */
async function calm({ members, hub }: ChaosSet): Promise<void> {
  hub.cluster.server.faults.clear()
  for (const member of members) {
    member.server.faults.clear()
    member.skew(0)
    for (const id of [...members.map(other => other.id), REGISTRY]) member.reconnect(id)
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
    member.startAgent()
  }
}

/** Does what the status of an agent says that an administrator has to do, and nothing else. */
class Administrator {
  relinked = 0
  readonly #members: readonly ChaosMember[]
  readonly #log: (line: string) => void
  /** Most credentials that expired meanwhile are renewed by the agents themselves. */
  #lookedAt = performance.now() - RELINK_EVERY_MS + 3_000

  constructor(members: readonly ChaosMember[], log: (line: string) => void) {
    this.#members = members
    this.#log = log
  }

  async look(): Promise<void> {
    if (performance.now() - this.#lookedAt < RELINK_EVERY_MS) return
    for (const member of this.#members) {
      if (!(await member.relink())) continue
      this.#log(`${member.id}: relinked`)
      this.relinked++
    }
    this.#lookedAt = performance.now()
  }
}

function assertConverged(members: readonly ChaosMember[]): true {
  for (const member of members) {
    const difference = differenceOf(expectedImports(member, members), actualImports(member))
    if (difference === undefined) continue
    const links = member.agents.flatMap(agent => agent.status().links)
    const states = links.map(({ clusterId, state, reason = '' }) => `${clusterId} ${state} ${reason}`)
    const notices = member.agents.flatMap(agent => noticesOf(agent.status()))
    throw new Error(`${member.id}: ${difference}\nlinks: ${states.join('; ')}\n${notices.join('\n')}`)
  }
  return true
}

function noticesOf({ membership, reasons }: AgentStatus): string[] {
  const { registry, peers = [], notices = [] } = membership ?? {}
  return [registry?.reason ?? '', ...notices, ...peers.flatMap(peer => peer.notices), ...reasons]
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
    60_000,
  )
}
