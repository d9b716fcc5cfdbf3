/** A member leaves a ClusterSet whose agents run: what it was goes from everywhere, and what it could do. */
import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { leaveClusterSet } from '@isthmus/agent'
import {
  AGENT_NAMESPACE,
  CLUSTER_PROPERTIES,
  CONFIG_MAPS,
  type Credential,
  EXCHANGE_NAMESPACE,
  EXPORT_INDEXES,
  LABEL_READER,
  type PinnedPeer,
  SECRETS,
  type Secret,
  secretValue,
} from '@isthmus/api'
import { isUnauthorized } from '@isthmus/kube'
import { until } from '../fixtures/until.ts'
import { RunningSet } from './running-set.ts'

const IDS = ['east', 'west', 'north']

let set: RunningSet
before(async () => {
  set = await RunningSet.start(...IDS)
})
after(() => set.stop())

test('leave', { timeout: 120_000 }, async () => {
  await set.linked(...IDS)
  await set.namespace(...IDS)
  await set.export('west', 'hello', '10.2.0.1')
  await set.export('north', 'hello', '10.3.0.1')
  await until('reached', async () => (await set.reached('east', 'hello')).length === 2)
  const credentials = await Promise.all(
    ['east', 'north'].map(async id => {
      const secret = await set.member('west').client.get<Secret>(SECRETS, `peer-${id}`, AGENT_NAMESPACE)
      return secretValue<PinnedPeer>(secret)?.credential as Credential
    }),
  )
  for (const { publisher, token } of credentials)
    await set.member(publisher).connect(token).list(EXPORT_INDEXES, { namespace: EXCHANGE_NAMESPACE })

  const { agent } = set.member('west')
  const left = leaveClusterSet({
    client: set.member('west').client,
    registry: set.registry.client,
    timeoutMs: 60_000,
  })
  assert.match((await agent?.left) ?? '', /^west leaves the ClusterSet prod/)
  await left
  for (const id of ['east', 'north']) {
    const { client } = set.member(id)
    await until('its endpoints are gone', async () => {
      assert.deepEqual(await set.reached(id, 'hello'), ['north: 10.3.0.1'])
      return true
    })
    await until('what is here of it is gone', async () => {
      const links = set
        .member(id)
        .agent?.status()
        .links.map(link => link.clusterId)
      assert.ok(links?.length === 1 && !links.includes('west'))
      const { items: readers } = await client.list(SECRETS, {
        namespace: EXCHANGE_NAMESPACE,
        labelSelector: `${LABEL_READER}=west`,
      })
      const { items: secrets } = await client.list(SECRETS, { namespace: AGENT_NAMESPACE })
      const { items: maps } = await client.list(CONFIG_MAPS, { namespace: AGENT_NAMESPACE })
      assert.deepEqual(readers, [])
      const names = [...secrets, ...maps].map(({ metadata }) => metadata.name)
      assert.ok(!names.some(name => name?.includes('west')), names.join())
      return true
    })
  }
  for (const { publisher, token } of credentials) {
    const client = set.member(publisher).connect(token)
    await assert.rejects(client.list(EXPORT_INDEXES, { namespace: EXCHANGE_NAMESPACE }), isUnauthorized)
  }
  await set.linked('east', 'north')
})

test('and joins again, as another', { timeout: 60_000 }, async () => {
  await set.stopAgent('west')
  await set.join('west')
  await set.startAgent('west')
  await set.linked(...IDS)
  await until('reached', async () => (await set.reached('east', 'hello')).length === 2)
})

test('an agent whose membership was removed by hand ends', async () => {
  const { client, agent } = set.member('east')
  await client.delete(CONFIG_MAPS, 'membership', AGENT_NAMESPACE)
  await client.delete(CLUSTER_PROPERTIES, 'clusterset.k8s.io')
  assert.match((await agent?.left) ?? '', /^east leaves the ClusterSet prod/)
})
