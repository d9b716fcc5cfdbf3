/** What `isthmus init` and `isthmus join` write, and what they refuse; no agents run. */
import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { initRegistry, joinClusterSet } from '@isthmus/agent'
import { CLUSTER_PROFILES, SECRETS } from '@isthmus/api'
import { EmbeddedClusters } from './embedded-clusters.ts'

const IDS = ['east', 'west', 'north']
const clusters = await EmbeddedClusters.start(...IDS)
after(() => clusters.stop())

test('three clusters join, and a second run writes nothing', async () => {
  await clusters.form('prod', 'east', ...IDS)
  const registry = clusters.get('east').client
  const { items } = await registry.list(CLUSTER_PROFILES, { namespace: 'clusterset-prod' })
  assert.deepEqual(items.map(({ metadata }) => metadata.name).sort(), ['east', 'north', 'west'])
  const secrets = await registry.list(SECRETS, { namespace: 'clusterset-prod' })
  assert.equal(secrets.items.length, 6)

  const revisions = () => IDS.map(id => clusters.get(id).server.storage.revision)
  const again = async () => {
    await initRegistry({ client: registry, clusterset: 'prod' })
    for (const id of IDS) await joinClusterSet(await clusters.joinOptions(id, 'east'))
  }
  // Without agents, members issue credentials for those that joined after them when they join again.
  await again()
  const before = revisions()
  await again()
  assert.deepEqual(revisions(), before)
})
