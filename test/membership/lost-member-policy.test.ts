/** The ClusterSet's policy for lost members: set once, in the registry, and held by every member. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import { initRegistry } from '@isthmus/agent'
import { AGENT_NAMESPACE, CONFIG_MAPS, LOST_MEMBER_POLICY_NAME, NAMESPACES } from '@isthmus/api'
import { effects } from '@isthmus/apiserver'
import { eventOf } from '../agent/events-of.ts'
import { until } from '../fixtures/until.ts'
import { CLUSTERSET, REGISTRY_NAMESPACE, RunningSet } from './running-set.ts'

const IDS = ['east', 'west']
const ROLES = { group: 'rbac.authorization.k8s.io', plural: 'roles' }
const POLICY = 'gone=remove:12h'
const HELD = 'controlPlaneLost=keep,endpointsLost=notReady:30s,gone=remove:12h'

describe("a ClusterSet's policy for lost members", () => {
  let set: RunningSet
  before(async () => {
    set = await RunningSet.start(...IDS)
    await set.linked(...IDS)
  })
  after(() => set.stop())

  const init = (lostMemberPolicy?: string) =>
    initRegistry({ client: set.registry.client, clusterset: CLUSTERSET, lostMemberPolicy })
  const inRegistry = async () =>
    (await set.registry.client.get(CONFIG_MAPS, LOST_MEMBER_POLICY_NAME, REGISTRY_NAMESPACE)).data?.policy
  const copyOf = async (id: string) =>
    (await set.member(id).client.get(CONFIG_MAPS, LOST_MEMBER_POLICY_NAME, AGENT_NAMESPACE)).data?.policy
  const heldBy = (id: string) => set.member(id).agent?.status().lostMemberPolicy
  const noticesOf = (id: string) => set.member(id).agent?.status().membership?.notices ?? []
  const held = (policy: string) =>
    until(`all hold ${policy}`, () => {
      for (const id of IDS) assert.equal(heldBy(id), policy)
      return true
    })
  /** As what is in the registry might be by mistake. */
  const write = (policy: string | null) =>
    set.registry.client.patch(CONFIG_MAPS, LOST_MEMBER_POLICY_NAME, REGISTRY_NAMESPACE, { data: { policy } })

  it('is that of every member by the next moment, and copied into its cluster', async () => {
    await init(POLICY)
    await held(HELD)
    for (const id of IDS) await until('it is copied', async () => (await copyOf(id)) === POLICY)
  })

  it('stays what it is when the registry is made again, and changes when that says so', async () => {
    await init()
    assert.equal(await inRegistry(), POLICY)
    await init('controlPlaneLost=notReady:10m')
    await held('controlPlaneLost=notReady:10m,endpointsLost=notReady:30s,gone=remove:24h')
    await init('')
    await held('controlPlaneLost=keep,endpointsLost=notReady:30s,gone=remove:24h')
    await init(POLICY)
    await held(HELD)
  })

  it('is refused before anything changes where nobody could follow it', async () => {
    await assert.rejects(init('gone=delete'), {
      code: 'ISTHMUS_INIT_REFUSED',
      message: /gone is one of keep, notReady, remove, not "delete"/,
    })
    assert.equal(await inRegistry(), POLICY)
    const { client } = set.registry
    await assert.rejects(initRegistry({ client, clusterset: 'other', lostMemberPolicy: 'gone=remove:400d' }))
    await assert.rejects(client.get(NAMESPACES, 'clusterset-other'), { code: 404 })
  })

  it('holds on where the registry says what cannot be read, or nothing', async () => {
    await write('gone=remove:1y')
    const notice = await until('it is told', () => noticesOf('east').find(text => /lost members/.test(text)))
    assert.match(notice, /is not used, and what it was before counts: "1y" is no duration/)
    const event = await until('an event tells', () =>
      eventOf(set.member('east'), AGENT_NAMESPACE, `Namespace/${AGENT_NAMESPACE}`, 'LostMemberPolicyInvalid'),
    )
    assert.match(
      event.note ?? '',
      /the ClusterSet's policy for lost members is not used: "1y" is no duration/,
    )
    await write(null)
    await until('nothing is told any more', () => noticesOf('east').length === 0)
    await set.registry.client.delete(CONFIG_MAPS, LOST_MEMBER_POLICY_NAME, REGISTRY_NAMESPACE)
    await init('endpointsLost=keep')
    await held('controlPlaneLost=keep,endpointsLost=keep,gone=remove:24h')
    await init(POLICY)
    await held(HELD)
  })

  it('is told not to be readable in a registry of an earlier version, which init mends', async () => {
    const { local, faults } = set.registry.server
    const role = local.get(ROLES, REGISTRY_NAMESPACE, 'member-east')
    const { rules } = role as unknown as { rules: { resourceNames?: string[] }[] }
    const before = rules.map(rule => ({
      ...rule,
      ...(rule.resourceNames === undefined
        ? {}
        : { resourceNames: rule.resourceNames.filter(name => name !== LOST_MEMBER_POLICY_NAME) }),
    }))
    local.update(ROLES, { ...role, rules: before } as never)
    // Watches end, and are not allowed again.
    faults.restore(faults.snapshot())
    await set.eventually('it is told', () =>
      noticesOf('east').some(text => /lost members cannot be read: .*`isthmus init`/.test(text)),
    )
    assert.equal(set.member('east').agent?.status().membership?.registry?.reachable, true)
    await init('gone=keep')
    await held('controlPlaneLost=keep,endpointsLost=notReady:30s,gone=keep')
    await until('nothing is told any more', () => noticesOf('east').length === 0)
  })

  it('holds with the registry gone, also after a restart, and if somebody deletes or breaks the copy', async () => {
    await init(POLICY)
    await held(HELD)
    const down = set.registry.server.faults.add({ effect: effects.disconnect() })
    set.registry.server.faults.restore(set.registry.server.faults.snapshot())
    await set.stopAgent('east')
    await set.startAgent('east')
    assert.equal(heldBy('east'), HELD)
    const { client } = set.member('east')
    await client.delete(CONFIG_MAPS, LOST_MEMBER_POLICY_NAME, AGENT_NAMESPACE)
    await until('it is there again', async () => (await copyOf('east').catch(() => undefined)) === POLICY)
    await client.patch(CONFIG_MAPS, LOST_MEMBER_POLICY_NAME, AGENT_NAMESPACE, { data: { policy: 'never' } })
    await until('it is mended', async () => (await copyOf('east')) === POLICY)
    assert.equal(heldBy('east'), HELD)
    down.remove()
    await init('gone=remove:6h')
    await set.eventually('it is followed again', () => heldBy('east')?.endsWith('gone=remove:6h'))
  })
})
