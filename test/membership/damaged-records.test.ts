/** What a member keeps of its membership may be damaged by a hand or a restore: that ends no link, and no traffic. */
import assert from 'node:assert/strict'
import { after, before, describe, it } from 'node:test'
import {
  AGENT_NAMESPACE,
  CONFIG_MAPS,
  type ConfigMap,
  EXPORTED_SERVICES,
  MEMBERSHIP_NAME,
  peerSecretName,
  SECRETS,
} from '@isthmus/api'
import { effects } from '@isthmus/apiserver'
import { until } from '../fixtures/until.ts'
import { accountOf } from './account-of.ts'
import { RunningSet } from './running-set.ts'

const HOUR = 3_600_000

describe('a member', () => {
  let set: RunningSet
  before(async () => {
    set = await RunningSet.start('east', 'west')
    await set.namespace('east', 'west')
    await set.export('west', 'hello', '10.2.0.1')
    await set.linked('east', 'west')
    await until('reached', async () => (await set.reached('east', 'hello')).length === 1)
  })
  after(() => set.stop())

  const membership = () => set.member('east').agent?.status().membership
  const renewed = () =>
    set.eventually('the credential is renewed', () =>
      membership()?.peers.every(({ expiresAt = '' }) => Date.parse(expiresAt) > set.now + 20 * HOUR),
    )

  it('renews its credential over a link whose records it cannot read, after a token that was refused once', async () => {
    const { faults } = set.member('west').server
    const isReader = (request: Parameters<typeof accountOf>[0]) => accountOf(request).includes(':reader-')
    const once = faults.add({
      match: ({ verb }, request) => isReader(request) && verb === 'list',
      effect: effects.refuse(401),
    })
    faults.restore(faults.snapshot())
    await until('refused', () => /401/.test(set.link('east').west ?? ''))
    const broken = faults.add({
      match: (asked, request) =>
        isReader(request) && 'resource' in asked && asked.resource === EXPORTED_SERVICES.plural,
      effect: effects.refuse(403),
    })
    once.remove()
    await until('read but for records', () => /^degraded.*403/.test(set.link('east').west ?? ''))
    try {
      set.pass(13 * HOUR)
      await renewed()
    } finally {
      broken.remove()
    }
    await set.linked('east', 'west')
  })

  it('keeps its links fresh while what says that it is one cannot be read, and says so', async () => {
    const { client } = set.member('east')
    const stored = await client.get<ConfigMap>(CONFIG_MAPS, MEMBERSHIP_NAME, AGENT_NAMESPACE)
    await client.patch(CONFIG_MAPS, MEMBERSHIP_NAME, AGENT_NAMESPACE, { data: { value: '{"state":' } })
    await until('told', () => /membership .*not well-formed/.test(membership()?.notices.join('\n') ?? ''))
    set.pass(13 * HOUR)
    await renewed()
    await client.patch(CONFIG_MAPS, MEMBERSHIP_NAME, AGENT_NAMESPACE, { data: stored.data ?? {} })
    await until('no longer told', () => membership()?.notices.length === 0)
  })

  it('withdraws nothing of a peer whose Secret was damaged while no agent ran', async () => {
    const { client } = set.member('east')
    await set.stopAgent('east')
    const value = Buffer.from('{"clusterId":').toString('base64')
    await client.patch(SECRETS, peerSecretName('west'), AGENT_NAMESPACE, { data: { value } })
    const agent = await set.startAgent('east')
    await until('it leads and is ready', () => agent.status().leading && agent.ready)
    await agent.idle()
    assert.deepEqual(await set.reached('east', 'hello'), ['west: 10.2.0.1'])
    assert.match(membership()?.notices.join('\n') ?? '', /west: its Secret is not well-formed/)
  })
})
