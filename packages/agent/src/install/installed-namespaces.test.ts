import assert from 'node:assert/strict'
import { test } from 'node:test'
import { installedNamespaces, installInto } from './install.ts'
import { apiError, MemoryCluster } from './testing/memory-cluster.ts'

const USUAL = { agentNamespace: 'isthmus-system', exchangeNamespace: 'isthmus-exchange' }
const OTHER = { agentNamespace: 'mesh', exchangeNamespace: 'mesh-exchange' }

test('where an installation lies is noted in the cluster; what is given wins', async () => {
  const cluster = new MemoryCluster()
  assert.deepEqual(await installedNamespaces(cluster.client), USUAL)
  await installInto(cluster.client, OTHER)
  assert.deepEqual(await installedNamespaces(cluster.client), OTHER)
  assert.deepEqual(await installedNamespaces(cluster.client, { exchangeNamespace: 'x' }), {
    ...OTHER,
    exchangeNamespace: 'x',
  })
})

test('an installation that did not note it yet does so when it is run again', async () => {
  const cluster = new MemoryCluster()
  await installInto(cluster.client, OTHER)
  const role = cluster.find('ClusterRole', 'isthmus-agent') ?? assert.fail()
  const { annotations: _, ...metadata } = role.metadata
  cluster.put({ ...role, metadata })
  assert.deepEqual(await installedNamespaces(cluster.client), USUAL)
  const steps = await installInto(cluster.client, OTHER)
  const updated = steps.filter(({ action }) => action === 'updated').map(({ object }) => object.kind)
  assert.deepEqual(updated, ['ClusterRole'])
  assert.deepEqual(await installedNamespaces(cluster.client), OTHER)
})

test('what is no name is not believed', async () => {
  const cluster = new MemoryCluster()
  await installInto(cluster.client, OTHER)
  const role = cluster.find('ClusterRole', 'isthmus-agent') ?? assert.fail()
  const annotations = { ...role.metadata.annotations, 'isthmus.dev/agent-namespace': 'x; reboot' }
  cluster.put({ ...role, metadata: { ...role.metadata, annotations } })
  assert.equal((await installedNamespaces(cluster.client)).agentNamespace, USUAL.agentNamespace)
})

test('who may not read it gets the usual names; a server that fails is no answer', async () => {
  const cluster = new MemoryCluster()
  await installInto(cluster.client, OTHER)
  cluster.refusals.set('get', apiError(403, 'Forbidden'))
  assert.deepEqual(await installedNamespaces(cluster.client), USUAL)
  cluster.refusals.set('get', apiError(500, 'InternalError'))
  await assert.rejects(installedNamespaces(cluster.client), { code: 500 })
})
