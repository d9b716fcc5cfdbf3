/** What `isthmus leave` leaves: nothing. No agents run. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { initRegistry, joinClusterSet, leaveClusterSet, removeMember } from '@isthmus/agent'
import {
  CLUSTER_PROFILES,
  CONFIG_MAPS,
  type ConfigMap,
  DEPLOYMENTS,
  NAMESPACES,
  PODS,
  SERVICE_EXPORTS,
} from '@isthmus/api'
import { type ClusterClient, connect } from '@isthmus/kube'
import { until } from '../fixtures/until.ts'
import { contentsOf, stateOf } from './cluster-contents.ts'
import { EmbeddedClusters } from './embedded-clusters.ts'
import { InterruptedError, Interruption } from './interrupting-client.ts'

suite('leaving', () => {
  let clusters: EmbeddedClusters
  before(async () => {
    clusters = await EmbeddedClusters.start('hub', 'east', 'west')
  })
  after(() => clusters.stop())

  const leave = async (id: string, changes = {}) =>
    leaveClusterSet({
      client: clusters.get(id).client,
      registry: clusters.get('hub').client,
      timeoutMs: 2_000,
      ...changes,
    })

  test('cluster and registry are as they were', async () => {
    await initRegistry({ client: clusters.get('hub').client, clusterset: 'prod' })
    await joinClusterSet(await clusters.joinOptions('west', 'hub'))
    const [hub, east] = [clusters.get('hub').server, clusters.get('east').server]
    const [hubBefore, eastBefore] = [contentsOf(hub), contentsOf(east)]
    await joinClusterSet(await clusters.joinOptions('east', 'hub'))
    assert.notDeepEqual(contentsOf(hub), hubBefore)

    const left = await leave('east')
    assert.deepEqual([left.clusterId, left.stays, left.remaining], ['east', [], ['west']])
    await until(
      'the kinds are gone',
      () => Object.keys(contentsOf(east)).length === Object.keys(eastBefore).length,
    )
    assert.deepEqual(contentsOf(east), eastBefore)
    const departed = 'configmaps clusterset-prod/departed'
    const hubAfter = contentsOf(hub)
    assert.match(JSON.stringify(hubAfter[departed]), /"east\./)
    assert.deepEqual({ ...hubAfter, [departed]: 0 }, { ...hubBefore, [departed]: 0 })

    const revisions = [hub.storage.revision, east.storage.revision]
    assert.equal((await leave('east')).clusterId, undefined)
    assert.deepEqual([hub.storage.revision, east.storage.revision], revisions)
  })

  test("a user's own objects stay, and what they need", async t => {
    const { client, credentials, server } = clusters.get('east')
    const user = connect(credentials, { fieldManager: 'kubectl' })
    t.after(() => user.close())
    await joinClusterSet(await clusters.joinOptions('east', 'hub'))
    await user.create(CONFIG_MAPS, {
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'isthmus-system', name: 'notes' },
    })
    await user.create(SERVICE_EXPORTS, {
      apiVersion: 'multicluster.x-k8s.io/v1beta1',
      kind: 'ServiceExport',
      metadata: { namespace: 'default', name: 'hello' },
    })
    const { stays } = await leave('east')
    assert.match(
      stays.join('\n'),
      /CRD serviceexports.* ServiceExport default\/hello\n.*isthmus-system stays: ConfigMap notes/,
    )
    const ours = Object.keys(contentsOf(server)).filter(key => key.includes('isthmus'))
    assert.deepEqual(
      ours.filter(key => !/notes|kube-root-ca|serviceaccounts .*default/.test(key)),
      ['namespaces /isthmus-system'],
    )
    await client.delete(CONFIG_MAPS, 'notes', 'isthmus-system')
    await client.delete(SERVICE_EXPORTS, 'hello', 'default')
  })

  test('what would start the agent again is named before anything is removed', async t => {
    const { credentials, server } = clusters.get('east')
    const client = connect(credentials, { fieldManager: 'kubectl' })
    t.after(() => client.close())
    await joinClusterSet(await clusters.joinOptions('east', 'hub'))
    const metadata = { namespace: 'isthmus-system', name: 'isthmus' }
    const labels = { app: 'isthmus' }
    const deployment = await client.create(DEPLOYMENTS, {
      apiVersion: 'apps/v1',
      kind: 'Deployment',
      metadata,
      spec: {
        selector: { matchLabels: labels },
        template: {
          metadata: { labels },
          spec: { serviceAccountName: 'isthmus-agent', containers: [{ name: 'agent', image: 'isthmus' }] },
        },
      },
    })
    const pods = async () => (await client.list(PODS, { namespace: 'isthmus-system' })).items.length
    await until('it has a pod', async () => (await pods()) === 1)
    const ours = () => Object.keys(contentsOf(server)).filter(key => /isthmus/.test(key)).length
    const before = ours()
    await assert.rejects(leave('east', { kubectl: 'kubectl --context east' }), {
      code: 'ISTHMUS_AGENT_WOULD_RESTART',
      message: /^Deployment isthmus-system\/isthmus would start the agent of east again/,
      remedy: /\n {2}kubectl --context east -n isthmus-system scale deployment\/isthmus --replicas=0$/,
    })
    assert.equal(ours(), before)
    const { items } = await clusters.get('hub').client.list(CLUSTER_PROFILES)
    assert.ok(items.some(({ metadata }) => metadata.name === 'east'))

    const { spec } = deployment
    await client.patch(DEPLOYMENTS, 'isthmus', 'isthmus-system', { spec: { ...spec, replicas: 0 } })
    await until('it has none', async () => (await pods()) === 0)
    const { stays } = await leave('east')
    assert.deepEqual(stays, [
      'the namespace isthmus-system stays: Deployment isthmus in it is not from Isthmus',
    ])
    const found = await client.get(DEPLOYMENTS, 'isthmus', 'isthmus-system')
    assert.equal(found.metadata.uid, deployment.metadata.uid)
    await client.delete(DEPLOYMENTS, 'isthmus', 'isthmus-system')
    await client.delete(NAMESPACES, 'isthmus-system')
    await until('the namespace is gone', () => !('namespaces /isthmus-system' in contentsOf(server)))
  })

  test('an installation with peers of its own is not touched', async () => {
    const { installInto } = await import('@isthmus/agent')
    const { client, server } = clusters.get('east')
    await installInto(client)
    const { revision } = server.storage
    await assert.rejects(leave('east'), { code: 'ISTHMUS_NOT_JOINED' })
    assert.equal(server.storage.revision, revision)
  })

  test('while CoreDNS reads ServiceImports it keeps what it needs', async () => {
    const { client, server } = clusters.get('east')
    await joinClusterSet(await clusters.joinOptions('east', 'hub', { coredns: true }))
    const corefile = (line: string): ConfigMap => ({
      apiVersion: 'v1',
      kind: 'ConfigMap',
      metadata: { namespace: 'kube-system', name: 'coredns' },
      data: { Corefile: `.:53 {\n    kubernetes cluster.local {\n        ${line}\n    }\n}\n` },
    })
    await client.create(CONFIG_MAPS, corefile('multicluster clusterset.local'))
    const { stays } = await leave('east')
    assert.match(stays.join(), /CoreDNS reads ServiceImports/)
    const left = () => Object.keys(contentsOf(server)).filter(key => /isthmus|serviceimports/.test(key))
    await until('all else is gone', () => left().length === 3)
    assert.deepEqual(left().sort(), [
      'clusterrolebindings /isthmus-coredns',
      'clusterroles /isthmus-coredns',
      'customresourcedefinitions /serviceimports.multicluster.x-k8s.io',
    ])
    // Once it no longer does, joining and leaving takes them too.
    await client.update(CONFIG_MAPS, corefile('pods insecure'))
    await joinClusterSet(await clusters.joinOptions('east', 'hub'))
    await leave('east')
    await until('all is gone', () => left().length === 0)
  })

  test('with a registry that was made anew, a cluster can leave and join', async () => {
    const { client } = clusters.get('east')
    await joinClusterSet(await clusters.joinOptions('east', 'hub'))
    const again = clusters.get('west').client
    await initRegistry({ client: again, clusterset: 'prod' })
    const options = await clusters.joinOptions('east', 'west')
    await assert.rejects(joinClusterSet(options), {
      code: 'ISTHMUS_JOIN_REFUSED',
      message: /does not know that membership/,
    })
    const left = await leaveClusterSet({ client, registry: again, timeoutMs: 1_000 })
    assert.equal(left.clusterId, 'east')
    await joinClusterSet(options)
    await leaveClusterSet({ client, registry: again, timeoutMs: 1_000 })
    await removeMember({ registry: clusters.get('hub').client, clusterId: 'east', timeoutMs: 1_000 })
  })

  test('a cluster that is gone is removed by its id; an id that never was is told', async () => {
    const registry = clusters.get('hub').client
    await joinClusterSet(await clusters.joinOptions('east', 'hub'))
    const options = { registry, timeoutMs: 1000, clusterId: 'east' }
    assert.deepEqual((await removeMember(options)).remaining, ['west'])
    assert.equal((await removeMember(options)).clusterId, undefined)
    await assert.rejects(removeMember({ ...options, clusterId: 'est' }), {
      code: 'ISTHMUS_NOT_A_MEMBER',
      message: /west/,
    })
    // It was alive after all: its own part ends as well.
    assert.deepEqual((await leave('east')).stays, [])
    assert.equal(
      Object.keys(contentsOf(clusters.get('east').server)).filter(key => key.includes('isthmus')).length,
      0,
    )
  })
})

/** Every request takes too long for each run; another prime looks at others. */
const STEP = Number(process.env.ISTHMUS_TEST_STEP ?? 37)

test('interrupted anywhere and repeated, the end is the same', { timeout: 240_000 }, async t => {
  const clusters = await EmbeddedClusters.start('hub', 'east')
  t.after(() => clusters.stop())
  const { client: registry, server: hub } = clusters.get('hub')
  const { client, server: east } = clusters.get('east')
  await initRegistry({ client: registry, clusterset: 'prod' })
  // Namespaces that only the cluster itself knows, as long as there is anything in it.
  const namespaces = { agentNamespace: 'mesh', exchangeNamespace: 'mesh-exchange' }
  const join = await clusters.joinOptions('east', 'hub', namespaces)
  const leaving = { client, registry, timeoutMs: 2_000 }
  const empty = stateOf(east)
  await joinClusterSet(join)
  const joined = withoutDeparted(stateOf(hub), stateOf(east))
  type Run = (client: ClusterClient, registry: ClusterClient) => Promise<unknown>
  const interrupted = async (n: number, run: Run) => {
    const interruption = new Interruption(n)
    try {
      await run(interruption.of(client, n % 2 === 0), interruption.of(registry, n % 2 === 0))
      return false
    } catch (error) {
      if (!(error instanceof InterruptedError)) throw error
      return true
    }
  }
  let interruptions = 0
  for (let n = 0, more = true; more; n += STEP) {
    const left = await interrupted(n, (client, registry) => leaveClusterSet({ ...leaving, client, registry }))
    await leaveClusterSet(leaving)
    await until('all is gone', () => Object.keys(stateOf(east)).length === Object.keys(empty).length)
    assert.deepEqual(stateOf(east), empty, `leave, interrupted at request ${n}`)
    const halfJoined = await interrupted(n, (client, registry) =>
      joinClusterSet({ ...join, client, registry }),
    )
    await joinClusterSet(join)
    assert.deepEqual(
      withoutDeparted(stateOf(hub), stateOf(east)),
      joined,
      `join, interrupted at request ${n}`,
    )
    interruptions += Number(left) + Number(halfJoined)
    more = left || halfJoined
  }
  assert.ok(interruptions >= 150 / STEP, `${interruptions}`)
})

function withoutDeparted(hub: Record<string, unknown>, east: Record<string, unknown>) {
  const { 'configmaps clusterset-prod/departed': _, ...rest } = hub
  return [rest, east]
}
