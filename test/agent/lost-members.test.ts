/** Members that are lost: what becomes of their endpoints, of imports, and of what is told of them. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  CONFIG_MAPS,
  ENDPOINT_SLICES,
  EXCHANGE_NAMESPACE,
  LEASES,
  type ResourceType,
  SERVICE_IMPORTS,
  SERVICES,
} from '@isthmus/api'
import { effects } from '@isthmus/apiserver'
import { parseLostMemberPolicy } from '@isthmus/core'
import { TestClusterSet } from '../fixtures/clusterset.ts'
import { until } from '../fixtures/until.ts'

const CONDITION = 'isthmus.dev/MembersAvailable'
const STEP_MS = 10_000

/** Members under a clock that `north` reads, and that moves when told. Its peers beat as it moves. */
class LostMembersSet {
  readonly set: TestClusterSet
  now = Date.parse('2026-11-22T08:00:00Z')
  /** Addresses that accept connections. */
  readonly answering = new Set<string>()
  readonly #down = new Map<string, { remove(): void }>()
  #beats = 0
  #policy: string

  private constructor(set: TestClusterSet, policy: string) {
    this.set = set
    this.#policy = policy
  }

  static async start(ids: readonly string[], policy = ''): Promise<LostMembersSet> {
    const set = await TestClusterSet.start(ids)
    await set.namespace('demo', ...ids)
    // Their heartbeats come from here: real ones do not follow the clock.
    const lost = new LostMembersSet(set, policy)
    await lost.restart()
    return lost
  }

  async restart(): Promise<void> {
    await this.set.stopAgent('north')
    const parsed = parseLostMemberPolicy(this.#policy)
    if ('mistake' in parsed) throw new Error(parsed.mistake)
    await this.set.startAgent('north', {
      clock: () => this.now,
      lostMembers: {
        policy: parsed.policy,
        probes: async ({ address }) => this.answering.has(address),
        lookEveryMs: 5,
      },
    })
  }

  link(id: string) {
    return this.set
      .member('north')
      .agent?.status()
      .links.find(({ clusterId }) => clusterId === id)
  }

  /** The API server of a member breaks every connection. */
  async lose(id: string): Promise<void> {
    const { faults } = this.set.member(id).server
    this.#down.set(id, faults.add({ effect: effects.disconnect() }))
    // Watches end with a restore, of whatever state.
    faults.restore(faults.snapshot())
    await until(`${id} cannot be read`, () => this.link(id)?.state !== 'connected')
  }

  async find(id: string): Promise<void> {
    this.#down.get(id)?.remove()
    this.#down.delete(id)
    await until(
      `${id} can be read`,
      () => this.link(id)?.reason === undefined || /answers again/.test(this.link(id)?.reason ?? ''),
    )
  }

  async pass(seconds: number): Promise<void> {
    const end = this.now + seconds * 1000
    while (this.now < end) {
      this.now += STEP_MS
      const living = [...this.set.members.keys()].filter(id => id !== 'north' && !this.#down.has(id))
      for (const id of living) await this.#beat(id)
      const { agent } = this.set.member('north')
      const looked = this.link('west') === undefined ? 0 : this.now
      await until('it was seen', () => living.every(id => (this.link(id)?.lastRenewal ?? 0) >= looked))
      // Two looks: of one, the clock may have moved in its midst.
      await new Promise(resolve => setTimeout(resolve, 15))
      await agent?.idle()
    }
  }

  async #beat(id: string): Promise<void> {
    const renewTime = new Date(1_700_000_000_000 + ++this.#beats).toISOString().replace('Z', '000Z')
    await this.set.member(id).client.patch(LEASES, 'publisher', EXCHANGE_NAMESPACE, { spec: { renewTime } })
  }

  /** `source: address, ready or not` of all that is imported of hello. */
  async reached(): Promise<string[]> {
    const slices = await this.set.importedSlices('north', 'demo', 'hello')
    return [...slices]
      .flatMap(([source, list]) =>
        list.flatMap(slice =>
          (slice.endpoints ?? []).map(({ addresses, conditions }) => {
            const { ready, serving } = conditions ?? {}
            return `${source} ${addresses[0]} ${ready ? 'ready' : serving ? 'serving' : 'no'}`
          }),
        ),
      )
      .sort()
  }

  async condition(): Promise<string | undefined> {
    const serviceImport = await this.set.serviceImport('north', 'demo', 'hello')
    const found = serviceImport?.status?.conditions?.find(({ type }) => type === CONDITION)
    return found === undefined ? undefined : `${found.status} ${found.reason}`
  }

  async everything(): Promise<unknown[]> {
    const { client } = this.set.member('north')
    const types = [SERVICES, ENDPOINT_SLICES, SERVICE_IMPORTS] as ResourceType[]
    const lists = await Promise.all(types.map(type => client.list(type, { namespace: 'demo' })))
    const links = await client.list(CONFIG_MAPS, { namespace: 'isthmus-system' })
    return [...lists.flatMap(({ items }) => items as unknown[]), ...links.items.map(({ data }) => data)]
  }

  async stop(): Promise<void> {
    await this.set.stop()
  }
}

describe('a member of three that is lost', () => {
  let lost: LostMembersSet
  before(async () => {
    lost = await LostMembersSet.start(['east', 'west', 'north'])
    lost.answering.add('10.1.0.1').add('10.2.0.1')
    await lost.set.export('east', 'demo', 'hello', ['10.1.0.1'])
    await lost.set.export('west', 'demo', 'hello', ['10.2.0.1'])
    await until('both are imported', async () => (await lost.reached()).length === 2)
    await lost.pass(80)
  })
  after(() => lost.stop())

  it('is kept while its endpoints answer', async () => {
    assert.equal(await lost.condition(), undefined)
    await lost.lose('east')
    await lost.pass(30)
    assert.equal(lost.link('east')?.phase, 'present')
    await lost.pass(120)
    assert.equal(lost.link('east')?.state, 'lost')
    assert.equal(lost.link('east')?.phase, 'kept')
    assert.deepEqual(await lost.reached(), ['east 10.1.0.1 ready', 'west 10.2.0.1 ready'])
    await until('it is told', async () => (await lost.condition()) === 'False ControlPlaneLost')
  })

  it('is not ready once they do not', async () => {
    lost.answering.delete('10.1.0.1')
    await lost.pass(60)
    await until('east is held back', async () => {
      assert.deepEqual(await lost.reached(), ['east 10.1.0.1 no', 'west 10.2.0.1 ready'])
      return true
    })
    await until('it is told', async () => (await lost.condition()) === 'False EndpointsNotReady')
  })
})
