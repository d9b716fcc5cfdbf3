/** Members that are lost: what becomes of their endpoints, of imports, and of what is told of them. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  CONFIG_MAPS,
  ENDPOINT_SLICES,
  EXCHANGE_NAMESPACE,
  LEASES,
  NAMESPACES,
  type ResourceType,
  SERVICE_IMPORTS,
  SERVICES,
} from '@isthmus/api'
import { effects } from '@isthmus/apiserver'
import { parseLostMemberRules } from '@isthmus/core'
import { TestClusterSet } from '../fixtures/clusterset.ts'
import { until } from '../fixtures/until.ts'
import { eventOf } from './events-of.ts'

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
  /** How often the clock was read. */
  #looks = 0
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
    const parsed = parseLostMemberRules(this.#policy)
    if ('mistake' in parsed) throw new Error(parsed.mistake)
    await this.set.startAgent('north', {
      leadership: 'always',
      clock: () => {
        this.#looks++
        return this.now
      },
      lostMembers: {
        policy: parsed.rules,
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
    const isRead = /^$|answers again|publisher has been silent/
    await until(`${id} can be read`, () => isRead.test(this.link(id)?.reason ?? ''))
  }

  /** Lets time pass, in steps as long as the agent's own. */
  async pass(seconds: number, { isOwnDown = false } = {}): Promise<void> {
    const end = this.now + seconds * 1000
    while (this.now < end) {
      this.now += STEP_MS
      const living = [...this.set.members.keys()].filter(id => id !== 'north' && !this.#down.has(id))
      // Again, where a link was not there yet to see it change.
      await until('their heartbeats are seen', async () => {
        const unseen = living.filter(id => this.link(id)?.lastRenewal !== this.now)
        for (const id of unseen) await this.#beat(id)
        return unseen.length === 0
      })
      const looks = this.#looks
      await until('it was looked at, whole', () => this.#looks >= looks + 2)
      if (!isOwnDown) await this.north.agent?.idle()
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

  get north() {
    return this.set.member('north')
  }

  /** Waits until hello reaches these. */
  async reaches(endpoints: readonly string[]): Promise<void> {
    await until(`it reaches ${endpoints.join(', ')}`, async () => {
      assert.deepEqual(await this.reached(), endpoints)
      return true
    })
  }

  /** Waits until hello's condition is that. */
  async told(condition: string): Promise<void> {
    await until(`the condition is ${condition}`, async () => {
      assert.equal(await this.condition(), condition)
      return true
    })
  }

  /** What is remembered of a link. */
  async memory(id: string): Promise<Partial<Record<string, string>>> {
    const { data = {} } = await this.north.client.get(CONFIG_MAPS, `link-${id}`, 'isthmus-system')
    return data
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
    return [
      ...lists.flatMap(({ items }) => items as unknown[]),
      ...links.items.map(({ data }) => ({ ...data, highestSequence: '' })),
    ]
  }

  async stop(): Promise<void> {
    await this.set.stop()
  }
}

const BOTH = ['east 10.1.0.1 ready', 'west 10.2.0.1 ready']
const EAST_HELD_BACK = ['east 10.1.0.1 no', 'west 10.2.0.1 ready']

// Most of the time they wait for connections that come back: side by side.
describe('members that are lost', { concurrency: 2 }, () => {
  describe('of three members, one', { concurrency: 1 }, () => {
    let lost: LostMembersSet
    before(async () => {
      lost = await LostMembersSet.start(['east', 'west', 'north'], 'gone=remove:10m')
      lost.answering.add('10.1.0.1').add('10.2.0.1')
      await lost.set.export('east', 'demo', 'hello', ['10.1.0.1'])
      await lost.set.export('west', 'demo', 'hello', ['10.2.0.1'])
      await lost.reaches(BOTH)
      await lost.pass(80)
    })
    after(() => lost.stop())

    it('is nothing to speak of for the length of a restart', async () => {
      await lost.lose('east')
      await lost.pass(20)
      assert.equal(lost.link('east')?.phase, 'present')
      await lost.find('east')
      await lost.pass(20)
      assert.equal(lost.link('east')?.state, 'connected')
      assert.equal(await lost.condition(), undefined)
    })

    it('is kept while its endpoints answer, and told', async () => {
      await lost.lose('east')
      await lost.pass(90)
      assert.equal(lost.link('east')?.state, 'lost')
      assert.equal(lost.link('east')?.phase, 'kept')
      assert.equal(lost.link('west')?.state, 'connected')
      await lost.told('False ControlPlaneLost')
      await lost.reaches(BOTH)
      await until('an event tells of the import', () =>
        eventOf(lost.north, 'demo', 'ServiceImport/hello', 'ControlPlaneLost'),
      )
      await until('and one of the member', () =>
        eventOf(lost.north, 'isthmus-system', 'Namespace/isthmus-system', 'MemberLost'),
      )
      const memory = await lost.memory('east')
      assert.equal(memory.state, 'lost')
      assert.equal(memory.phase, 'kept')
      assert.notEqual(memory.reason, '')
      assert.equal(memory.services, '1')
      const metrics = (await lost.north.agent?.metrics.metrics()) ?? ''
      assert.match(metrics, /isthmus_link_state\{peer="east",state="lost"\} 1/)
      assert.match(metrics, /isthmus_lost_member_phase\{peer="east",phase="kept"\} 1/)
      assert.match(metrics, /isthmus_probes_total\{peer="east",result="answered"\} \d/)
      assert.match(
        metrics,
        /isthmus_lost_member_transitions_total\{peer="east",reason="ControlPlaneLost"\} 1/,
      )
    })

    it('is held back once its endpoints do not answer', async () => {
      lost.answering.delete('10.1.0.1')
      await lost.pass(60)
      await lost.reaches(EAST_HELD_BACK)
      await lost.told('False EndpointsNotReady')
      const ready = (await lost.set.serviceImport('north', 'demo', 'hello'))?.status?.conditions?.find(
        ({ type }) => type === 'Ready',
      )
      assert.equal(ready?.status, 'True')
    })

    it('stays so through a restart, which writes nothing', async () => {
      const before = await lost.everything()
      await lost.restart()
      await lost.pass(30)
      assert.deepEqual(await lost.everything(), before)
    })

    it('is ready again when they answer, also after a restart', async () => {
      lost.answering.add('10.1.0.1')
      await lost.pass(40)
      await lost.reaches(BOTH)
      await lost.told('False ControlPlaneLost')
      lost.answering.delete('10.1.0.1')
      await lost.pass(60)
      await lost.reaches(EAST_HELD_BACK)
    })

    it('is removed when it has been gone for long', async () => {
      await lost.pass(600)
      await lost.reaches(['west 10.2.0.1 ready'])
      await lost.told('False MemberRemoved')
      const serviceImport = await lost.set.serviceImport('north', 'demo', 'hello')
      assert.deepEqual(serviceImport?.status?.clusters, [{ cluster: 'west' }])
      assert.equal((await lost.memory('east')).phase, 'removed')
    })

    it('stays removed through a restart, which writes nothing', async () => {
      const before = await lost.everything()
      await lost.restart()
      await lost.pass(30)
      assert.deepEqual(await lost.everything(), before)
    })

    it('comes back with all it had, once it has been there for a while', async () => {
      await lost.find('east')
      assert.notEqual(lost.link('east')?.state, 'connected')
      lost.answering.add('10.1.0.1')
      await lost.pass(20)
      await lost.reaches(BOTH)
      await lost.told('True AllMembersAvailable')
      assert.equal(lost.link('east')?.state, 'connected')
      await until('an event tells', () =>
        eventOf(lost.north, 'demo', 'ServiceImport/hello', 'MemberAvailable'),
      )
      // Its export is the oldest, and decides again: nobody has overtaken anybody.
      assert.equal(await eventOf(lost.north, 'demo', 'ServiceImport/hello', 'WinnerChanged'), undefined)
      await until('it is remembered', async () => {
        await lost.pass(20)
        const memory = await lost.memory('east')
        return memory.state === 'connected' && memory.phase === 'present'
      })
    })

    it('is not removed while nobody else is heard either: this cluster may be the one cut off', async () => {
      await lost.pass(80)
      await Promise.all([lost.lose('east'), lost.lose('west')])
      lost.answering.clear()
      await lost.pass(900)
      await lost.told('False ControlPlaneLost')
      await lost.reaches(BOTH)
      assert.match(lost.link('east')?.reason ?? '', /this cluster may be the one that is cut off/)
      await lost.find('west')
      await lost.pass(300)
      assert.equal(lost.link('east')?.phase, 'notReady')
      await lost.find('east')
      await lost.pass(40)
      await lost.reaches(BOTH)
    })
  })

  describe('of two members, one', { concurrency: 1 }, () => {
    let lost: LostMembersSet
    before(async () => {
      lost = await LostMembersSet.start(['east', 'north'], 'gone=remove:10m')
      lost.answering.add('10.1.0.1')
      await lost.set.export('east', 'demo', 'hello', ['10.1.0.1'])
      await lost.set.export('east', 'demo', 'orders', ['10.1.0.2'])
      await lost.reaches(['east 10.1.0.1 ready'])
      await lost.pass(80)
    })
    after(() => lost.stop())

    it('is not counted as gone while the own API server does not answer', async () => {
      const own = lost.north.server.faults.add({ effect: effects.disconnect() })
      lost.north.server.faults.restore(lost.north.server.faults.snapshot())
      await lost.lose('east')
      await until('the own cluster cannot be read', () => lost.link('east')?.state !== 'connected')
      await lost.pass(900, { isOwnDown: true })
      own.remove()
      await until('the own cluster can be read', () => lost.north.agent?.status().leading)
      await lost.reaches(['east 10.1.0.1 ready'])
      await lost.find('east')
      await lost.pass(40)
    })

    it('keeps its endpoints where there are no others, though they do not answer', async () => {
      await lost.lose('east')
      lost.answering.clear()
      await lost.pass(120)
      await lost.told('False LastEndpointsKept')
      await lost.reaches(['east 10.1.0.1 ready'])
    })

    it('is removed, imports and all, but for services whose namespace says otherwise', async () => {
      const annotations = { 'lost-member-policy.isthmus.dev/orders': 'gone=keep' }
      await lost.north.client.patch(NAMESPACES, 'demo', undefined, { metadata: { annotations } })
      await lost.pass(600)
      await until(
        'hello is gone',
        async () => (await lost.set.serviceImport('north', 'demo', 'hello')) === undefined,
      )
      assert.notEqual(await lost.set.serviceImport('north', 'demo', 'orders'), undefined)
      await until('an event tells', () => eventOf(lost.north, 'demo', 'ServiceImport/hello', 'MemberRemoved'))
      const before = await lost.everything()
      await lost.restart()
      await lost.pass(30)
      assert.deepEqual(await lost.everything(), before)
    })

    it('comes back', async () => {
      await lost.find('east')
      await lost.pass(30)
      await lost.reaches(['east 10.1.0.1 ready'])
    })

    it('follows the ClusterSet in what it was not told itself, and services their namespace', async () => {
      const policy = 'controlPlaneLost=remove:1m,gone=keep'
      const metadata = { namespace: 'isthmus-system', name: 'lost-member-policy' }
      const copy = { apiVersion: 'v1', kind: 'ConfigMap', metadata, data: { policy } }
      await lost.lose('east')
      await lost.pass(120)
      await lost.reaches(['east 10.1.0.1 ready'])
      await lost.north.client.create(CONFIG_MAPS, copy)
      await lost.reaches([])
      assert.equal(
        lost.north.agent?.status().lostMemberPolicy,
        'controlPlaneLost=remove:1m,endpointsLost=notReady:30s,gone=remove:10m',
      )
      const annotate = (annotations: Record<string, string | null>) =>
        lost.north.client.patch(NAMESPACES, 'demo', undefined, { metadata: { annotations } })
      await annotate({ 'isthmus.dev/lost-member-policy': 'controlPlaneLost=keep' })
      await lost.reaches(['east 10.1.0.1 ready'])
      await annotate({ 'lost-member-policy.isthmus.dev/hello': 'controlPlaneLost=remove' })
      await lost.reaches([])
      await lost.find('east')
      await lost.pass(30)
      await lost.reaches(['east 10.1.0.1 ready'])
    })

    it('says so of a policy that cannot be read, and goes on without', async () => {
      const annotations = { 'isthmus.dev/lost-member-policy': 'gone=delete' }
      await lost.north.client.patch(NAMESPACES, 'demo', undefined, { metadata: { annotations } })
      await lost.pass(10)
      const event = await until('an event tells', () =>
        eventOf(lost.north, 'demo', 'Namespace/demo', 'LostMemberPolicyInvalid'),
      )
      assert.match(event.note ?? '', /gone is one of keep, notReady, remove, not "delete"/)
    })
  })
})
