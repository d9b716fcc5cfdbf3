/** What `isthmus init` and `isthmus join` write, and what they refuse; no agents run. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { initRegistry, installObjects, joinClusterSet, leaveClusterSet } from '@isthmus/agent'
import {
  CLUSTER_PROFILES,
  CONFIG_MAPS,
  CUSTOM_RESOURCE_DEFINITIONS,
  type CustomResourceDefinition,
  ENDPOINT_SLICES,
  type IsthmusError,
  LABEL_CLUSTERSET,
  NAMESPACES,
  SECRETS,
} from '@isthmus/api'
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

suite('a cluster with a past', () => {
  let others: EmbeddedClusters
  before(async () => {
    others = await EmbeddedClusters.start('hub', 'east')
    await initRegistry({ client: others.get('hub').client, clusterset: 'prod' })
  })
  after(() => others.stop())

  test('all that is wrong is told at once, and nothing is written', async () => {
    const { client, server } = others.get('east')
    const labels = {
      'multicluster.kubernetes.io/service-name': 'hello',
      'endpointslice.kubernetes.io/managed-by': 'lighthouse',
    }
    await client.create(ENDPOINT_SLICES, {
      apiVersion: 'discovery.k8s.io/v1',
      kind: 'EndpointSlice',
      metadata: { namespace: 'default', name: 'hello-1', labels },
      addressType: 'IPv4',
      endpoints: [],
    })
    const options = await others.joinOptions('east', 'hub', { clusterId: 'East', clusterset: 'test' })
    const { revision } = server.storage
    const hub = others.get('hub').server.storage.revision
    await assert.rejects(
      joinClusterSet({ ...options, access: { server: 'http://localhost' } }),
      ({ code, message }: IsthmusError) => {
        assert.equal(code, 'ISTHMUS_JOIN_REFUSED')
        for (const reason of [
          /no ClusterSet test in it, only prod/,
          /"East" cannot/,
          /not reached over TLS/,
          /lighthouse.*hello-1/,
        ])
          assert.match(message, reason)
        return true
      },
    )
    assert.deepEqual([server.storage.revision, others.get('hub').server.storage.revision], [revision, hub])
    await client.delete(ENDPOINT_SLICES, 'hello-1', 'default')
  })

  test('kinds of another origin are used as they are, and stay', async () => {
    const { client } = others.get('east')
    const foreign = installObjects()[0].find(({ object }) =>
      object.metadata.name?.startsWith('serviceexports.'),
    )?.object
    assert.ok(foreign)
    await client.create(CUSTOM_RESOURCE_DEFINITIONS, {
      ...foreign,
      metadata: { name: `${foreign.metadata.name}` },
    } as CustomResourceDefinition)
    await joinClusterSet(await others.joinOptions('east', 'hub'))
    await leaveClusterSet({ client, registry: others.get('hub').client, timeoutMs: 1000 })
    const { metadata } = await client.get(CUSTOM_RESOURCE_DEFINITIONS, `${foreign.metadata.name}`)
    assert.equal(metadata.labels, undefined)
  })

  test('a registry is made once; what is something else is not taken', async () => {
    const { client } = others.get('hub')
    await assert.rejects(initRegistry({ client, clusterset: 'prod', namespace: 'other' }), {
      code: 'ISTHMUS_INIT_REFUSED',
      message: /clusterset-prod/,
    })
    await assert.rejects(initRegistry({ client, clusterset: 'Prod' }), { code: 'ISTHMUS_INIT_REFUSED' })
    await assert.rejects(initRegistry({ client, clusterset: 'test', namespace: 'clusterset-prod' }), {
      code: 'ISTHMUS_INIT_REFUSED',
      message: /registry of prod/,
    })
    const metadata = { name: 'clusterset-test' }
    await client.create(NAMESPACES, { apiVersion: 'v1', kind: 'Namespace', metadata })
    await assert.rejects(initRegistry({ client, clusterset: 'test' }), {
      code: 'ISTHMUS_INIT_REFUSED',
      remedy: /--namespace clusterset-test/,
    })
    const { metadata: untouched } = await client.get(NAMESPACES, 'clusterset-test')
    assert.equal(untouched.labels?.[LABEL_CLUSTERSET], undefined)
    assert.deepEqual(await initRegistry({ client, clusterset: 'test', namespace: 'clusterset-test' }), {
      namespace: 'clusterset-test',
    })
    // With two of them, it has to be said which.
    await assert.rejects(joinClusterSet(await others.joinOptions('east', 'hub')), {
      code: 'ISTHMUS_JOIN_REFUSED',
      message: /several ClusterSets in it: prod, test/,
    })
  })
})

test('a member that does not answer is named, and joining goes on', async t => {
  const clusters = await EmbeddedClusters.start('hub', 'east', 'west')
  t.after(() => clusters.stop())
  await clusters.form('prod', 'hub', 'west')
  await clusters.get('west').server.close()
  const { notes, peers } = await joinClusterSet(await clusters.joinOptions('east', 'hub'))
  assert.deepEqual(peers, ['west'])
  assert.match(
    notes.join('\n'),
    /API server of west, https:\S+, does not answer this machine: the connection was refused/,
  )
})

test('one that is leaving gets no credentials of a new member', async t => {
  const clusters = await EmbeddedClusters.start('hub', 'east', 'west')
  t.after(() => clusters.stop())
  const { client } = clusters.get('hub')
  await clusters.form('prod', 'hub', 'west')
  const { metadata } = await client.get(CLUSTER_PROFILES, 'west', 'clusterset-prod')
  const departed = { data: { [`west.${metadata.uid}`]: '2026-01-01T00:00:00Z' } }
  await client.patch(CONFIG_MAPS, 'departed', 'clusterset-prod', departed)
  assert.deepEqual((await joinClusterSet(await clusters.joinOptions('east', 'hub'))).peers, [])
  const { data } = await client.get(SECRETS, 'east.for.west', 'clusterset-prod')
  assert.equal(data, undefined)
})
