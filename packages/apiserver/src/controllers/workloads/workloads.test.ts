import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { PODS, type Pod } from '../pod.ts'
import { TestCluster } from '../test-cluster.ts'
import {
  DEPLOYMENTS,
  type Deployment,
  REPLICA_SETS,
  type ReplicaSet,
  STATEFUL_SETS,
  type StatefulSet,
} from './workload.ts'

const spec = (image: string, more: object = {}) => ({
  spec: {
    replicas: 3,
    selector: { matchLabels: { app: 'a' } },
    template: { metadata: { labels: { app: 'a' } }, spec: { containers: [{ name: 'main', image }] } },
    ...more,
  },
})

let cluster: TestCluster

beforeEach(() => {
  cluster = new TestCluster()
})
afterEach(() => cluster.stop())

const deployment = () => cluster.get<Deployment>(DEPLOYMENTS, 'd')
const images = () => cluster.list<Pod>(PODS).map(pod => pod.spec.containers?.[0]?.image)
const condition = (type: string) => deployment().status.conditions?.find(c => c.type === type)

/** As kubectl rollout status counts. */
const isRolledOut = () => {
  const { metadata, spec, status } = deployment()
  const { observedGeneration = 0, updatedReplicas, replicas, availableReplicas } = status
  const isSeen = observedGeneration >= (metadata.generation ?? 0)
  return (
    isSeen && [updatedReplicas, replicas, availableReplicas].every(count => (count ?? 0) === spec.replicas)
  )
}
const rolledOut = () => cluster.until('the rollout', isRolledOut, () => deployment().status)
const setImage = (image: string) =>
  cluster.patchSpec(DEPLOYMENTS, 'd', { template: { spec: { containers: [{ name: 'main', image }] } } })

describe('a Deployment', () => {
  test('has its pods, says so, and is then quiet', async () => {
    cluster.create(DEPLOYMENTS, 'd', spec('one'))
    await rolledOut()
    const [pod] = cluster.list<Pod>(PODS)
    const [replicaSet] = cluster.list<ReplicaSet>(REPLICA_SETS)
    assert.equal(pod?.metadata.ownerReferences?.[0]?.uid, replicaSet?.metadata.uid)
    assert.ok(pod?.metadata.name.startsWith(`${replicaSet?.metadata.name}-`))
    assert.equal(replicaSet?.metadata.ownerReferences?.[0]?.uid, deployment().metadata.uid)
    await cluster.rest()
    assert.deepEqual(
      [condition('Available')?.status, condition('Progressing')?.reason],
      ['True', 'NewReplicaSetAvailable'],
    )
    assert.deepEqual(cluster.errors, [])
  })

  test('is scaled up and down', async () => {
    cluster.create(DEPLOYMENTS, 'd', spec('one'))
    await rolledOut()
    for (const replicas of [5, 1, 0, 2]) {
      cluster.patchSpec(DEPLOYMENTS, 'd', { replicas })
      await rolledOut()
      await cluster.until('the pods', () => cluster.list(PODS).length === replicas)
    }
    assert.equal(cluster.list(REPLICA_SETS).length, 1)
  })

  test('rolls out a new template, and back, in revisions', async () => {
    cluster.create(DEPLOYMENTS, 'd', spec('one'))
    await rolledOut()
    setImage('two')
    await rolledOut()
    await cluster.until('the new pods', () => images().join() === 'two,two,two')
    setImage('one')
    await rolledOut()
    await cluster.until('the old ones again', () => images().join() === 'one,one,one')
    const revisions = cluster
      .list<ReplicaSet>(REPLICA_SETS)
      .map(({ metadata: { annotations = {} }, spec }) => [
        annotations['deployment.kubernetes.io/revision'],
        annotations['deployment.kubernetes.io/revision-history'],
        spec.replicas,
      ])
    assert.deepEqual(revisions.sort(), [
      ['2', undefined, 0],
      ['3', '1', 3],
    ])
    assert.equal(deployment().metadata.annotations?.['deployment.kubernetes.io/revision'], '3')
  })

  test('stops at pods that do not get ready, with enough of the old ones left', async () => {
    cluster.create(DEPLOYMENTS, 'd', spec('one', { replicas: 4 }))
    await rolledOut()
    cluster.unready.add('broken')
    setImage('broken')
    await cluster.until('a new pod', () => images().includes('broken'))
    await cluster.rest()
    assert.equal(images().filter(image => image === 'one').length, 3)
    assert.equal(condition('Available')?.status, 'True')
    assert.equal(condition('Progressing')?.reason, 'ReplicaSetUpdated')
    setImage('one')
    await rolledOut()
  })

  test('with Recreate has no pods of two templates at a time', async () => {
    cluster.create(DEPLOYMENTS, 'd', spec('one', { strategy: { type: 'Recreate' } }))
    await rolledOut()
    const mixed: unknown[] = []
    const end = cluster.api.watch(PODS, () => {
      if (new Set(images()).size > 1) mixed.push(images())
    })
    setImage('two')
    await rolledOut()
    end()
    assert.deepEqual(mixed, [])
    assert.deepEqual([...new Set(images())], ['two'])
  })

  test('that is paused is scaled, but rolls nothing out until it goes on', async () => {
    cluster.create(DEPLOYMENTS, 'd', spec('one'))
    await rolledOut()
    cluster.patchSpec(DEPLOYMENTS, 'd', { paused: true })
    setImage('two')
    cluster.patchSpec(DEPLOYMENTS, 'd', { replicas: 4 })
    await cluster.until('the scale', () => images().length === 4)
    await cluster.rest()
    assert.deepEqual([...new Set(images())], ['one'])
    assert.equal(condition('Progressing')?.reason, 'DeploymentPaused')
    cluster.patchSpec(DEPLOYMENTS, 'd', { paused: null })
    await rolledOut()
    assert.deepEqual([...new Set(images())], ['two'])
  })

  test('forgets revisions beyond its limit', async () => {
    cluster.create(DEPLOYMENTS, 'd', spec('one', { revisionHistoryLimit: 1 }))
    for (const image of ['two', 'three', 'four']) {
      await rolledOut()
      setImage(image)
    }
    await rolledOut()
    await cluster.until('two ReplicaSets', () => cluster.list(REPLICA_SETS).length === 2)
  })

  test('takes over ReplicaSets that an earlier one has left behind', async () => {
    cluster.create(DEPLOYMENTS, 'd', spec('one'))
    await rolledOut()
    const pods = cluster.list(PODS).map(({ metadata }) => metadata.uid)
    cluster.api.delete(DEPLOYMENTS, cluster.namespace, 'd', { propagationPolicy: 'Orphan' })
    await cluster.until('the Deployment is gone', () => cluster.find(DEPLOYMENTS, 'd') === undefined)
    cluster.create(DEPLOYMENTS, 'd', spec('one'))
    await rolledOut()
    await cluster.rest()
    assert.deepEqual(
      cluster.list(PODS).map(({ metadata }) => metadata.uid),
      pods,
    )
  })

  test('finds another name for a ReplicaSet whose name is taken', async () => {
    cluster.create(DEPLOYMENTS, 'd', spec('one'))
    await rolledOut()
    const name = cluster.list(REPLICA_SETS)[0]?.metadata.name as string
    cluster.api.patch(REPLICA_SETS, cluster.namespace, name, { metadata: { labels: { app: 'other' } } })
    await cluster.until(
      'another one',
      () => cluster.list(REPLICA_SETS).length === 2,
      () => deployment().status,
    )
    await rolledOut()
    assert.equal(cluster.get(REPLICA_SETS, name).metadata.ownerReferences, undefined)
    assert.equal(deployment().status.collisionCount, 1)
  })

  test('that is deleted takes ReplicaSets and pods with it', async () => {
    cluster.create(DEPLOYMENTS, 'd', spec('one'))
    await rolledOut()
    cluster.api.delete(DEPLOYMENTS, cluster.namespace, 'd', { propagationPolicy: 'Foreground' })
    await cluster.until('the Deployment is gone', () => cluster.find(DEPLOYMENTS, 'd') === undefined)
    assert.deepEqual([cluster.list(REPLICA_SETS).length, cluster.list(PODS).length], [0, 0])
  })
})

describe('a ReplicaSet', () => {
  test('replaces pods that are deleted, that failed, and that lose its labels', async () => {
    cluster.create(REPLICA_SETS, 'r', spec('one'))
    const active = () =>
      cluster
        .list<Pod>(PODS)
        .filter(({ metadata, status }) => metadata.labels?.app === 'a' && status.phase === 'Running')
    await cluster.until('three pods', () => active().length === 3)
    const [deleted, failed, relabelled] = active().map(({ metadata }) => metadata.name) as [
      string,
      string,
      string,
    ]
    cluster.api.delete(PODS, cluster.namespace, deleted)
    cluster.api.patch(
      PODS,
      cluster.namespace,
      failed,
      { status: { phase: 'Failed' } },
      { subresource: 'status' },
    )
    cluster.api.patch(PODS, cluster.namespace, relabelled, { metadata: { labels: { app: 'b' } } })
    await cluster.until(
      'three others',
      () => active().length === 3 && !active().some(({ metadata }) => metadata.name === failed),
    )
    await cluster.rest()
    assert.equal(cluster.get<Pod>(PODS, relabelled).metadata.ownerReferences, undefined)
    assert.equal(cluster.get<ReplicaSet>(REPLICA_SETS, 'r').status.readyReplicas, 3)
  })

  test('gives up pods that do not serve first', async () => {
    cluster.create(REPLICA_SETS, 'r', spec('one'))
    await cluster.until(
      'three pods',
      () => cluster.get<ReplicaSet>(REPLICA_SETS, 'r').status.readyReplicas === 3,
    )
    const name = cluster.list(PODS)[1]?.metadata.name as string
    const conditions = [{ type: 'Ready', status: 'False' }]
    cluster.api.patch(PODS, cluster.namespace, name, { status: { conditions } }, { subresource: 'status' })
    cluster.patchSpec(REPLICA_SETS, 'r', { replicas: 2 })
    await cluster.until('two pods', () => cluster.list(PODS).length === 2)
    assert.equal(cluster.find(PODS, name), undefined)
  })
})

describe('a StatefulSet', () => {
  const set = () => cluster.get<StatefulSet>(STATEFUL_SETS, 's')
  const names = () => cluster.list<Pod>(PODS).map(({ metadata }) => metadata.name)
  const settled = (replicas: number) =>
    cluster.until(
      `${replicas} pods`,
      () => {
        const { metadata, status } = set()
        const isSeen = status.observedGeneration === metadata.generation
        return (
          isSeen &&
          status.readyReplicas === (replicas || undefined) &&
          status.updatedReplicas === status.readyReplicas &&
          names().length === replicas
        )
      },
      () => set().status,
    )

  test('has pods with names that stay, one after the other', async () => {
    const made: string[] = []
    const end = cluster.api.watch(
      PODS,
      ({ type, object }) => void (type === 'ADDED' && made.push(object.metadata.name)),
    )
    cluster.create(STATEFUL_SETS, 's', spec('one', { serviceName: 'svc' }))
    await settled(3)
    end()
    assert.deepEqual(made, ['s-0', 's-1', 's-2'])
    const { hostname, subdomain } = cluster.get<Pod>(PODS, 's-1').spec
    assert.deepEqual([hostname, subdomain], ['s-1', 'svc'])
    const before = cluster.get(PODS, 's-1').metadata.uid
    cluster.api.delete(PODS, cluster.namespace, 's-1')
    await cluster.until('another s-1', () => (cluster.find(PODS, 's-1')?.metadata.uid ?? before) !== before)
  })

  test('gives up the last pods first, and waits for a pod that is not ready', async () => {
    cluster.unready.add('broken')
    cluster.create(STATEFUL_SETS, 's', spec('one'))
    await settled(3)
    cluster.patchSpec(STATEFUL_SETS, 's', { replicas: 1 })
    await settled(1)
    assert.deepEqual(names(), ['s-0'])
    cluster.patchSpec(STATEFUL_SETS, 's', { replicas: 0 })
    await settled(0)
    cluster.patchSpec(STATEFUL_SETS, 's', {
      replicas: 2,
      template: { spec: { containers: [{ name: 'main', image: 'broken' }] } },
    })
    await cluster.until('the first pod', () => names().length > 0)
    await cluster.rest()
    assert.deepEqual(names(), ['s-0'])
  })

  test('rolls out a new template from the last pod on, down to the partition', async () => {
    cluster.create(STATEFUL_SETS, 's', spec('one', { updateStrategy: { rollingUpdate: { partition: 1 } } }))
    await settled(3)
    cluster.patchSpec(STATEFUL_SETS, 's', {
      template: { spec: { containers: [{ name: 'main', image: 'two' }] } },
    })
    await cluster.until('two new pods', () => images().join() === 'one,two,two')
    await cluster.rest()
    assert.notEqual(set().status.currentRevision, set().status.updateRevision)
    cluster.patchSpec(STATEFUL_SETS, 's', { updateStrategy: { rollingUpdate: { partition: 0 } } })
    await settled(3)
    await cluster.until('one revision', () => set().status.currentRevision === set().status.updateRevision)
  })

  test('that is parallel waits for nobody', async () => {
    cluster.unready.add('broken')
    cluster.create(STATEFUL_SETS, 's', spec('broken', { podManagementPolicy: 'Parallel' }))
    await cluster.until('three pods', () => names().join() === 's-0,s-1,s-2')
  })
})
