/** kubectl on what runs: scale, rollouts, wait. Pods run nowhere here: their status is written by hand. */
import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { until } from '../../fixtures/until.ts'
import { useCluster, type Workspace } from './cluster.ts'
import { deployment, pod } from './manifests.ts'

const cluster = useCluster()
const PODS = { group: '', plural: 'pods' }
const READY = [
  { type: 'Ready', status: 'True', lastTransitionTime: '2026-01-01T00:00:00Z' },
  { type: 'ContainersReady', status: 'True' },
]

/** Makes every pod of the namespace ready, and goes on with new ones until it is told to stop. */
function runPods({ namespace }: Workspace): () => void {
  const { local } = cluster.server
  return local.watch(PODS, ({ type, object }) => {
    if (type === 'DELETED' || object.metadata.namespace !== namespace) return
    const { phase } = object.status as { phase?: string }
    if (object.metadata.deletionTimestamp) {
      // The kubelet lets go of a pod that has ended.
      local.delete(PODS, namespace, object.metadata.name, { gracePeriodSeconds: 0 })
    } else if (phase === 'Pending') {
      local.updateStatus(PODS, {
        ...object,
        status: { ...(object.status as object), phase: 'Running', conditions: READY },
      })
    }
  })
}

describe('kubectl, workloads', { concurrency: 3 }, () => {
  test('scale and autoscale', async () => {
    const { kubectl, refused } = bound(cluster.workspace())
    await kubectl('create -f -', deployment('d', 'i:1'))
    assert.equal((await kubectl('scale deployment d --replicas=3')).trim(), 'deployment.apps/d scaled')
    assert.equal(
      await refused('scale deployment d --replicas=1 --current-replicas=7'),
      'error: Expected replicas to be 7, was 3',
    )
    const [head = '', row = ''] = (await kubectl('get deployment d --subresource=scale')).split('\n')
    assert.deepEqual(head.split(/\s+/).slice(0, 3), ['NAME', 'DESIRED', 'AVAILABLE'])
    assert.equal(row.split(/\s+/)[1], '3')
    await kubectl('wait --for=jsonpath={.status.replicas}=3 deployment/d --timeout=5s')
    await kubectl('scale deployment d --replicas=0')
    await kubectl('wait --for=delete pods -l app=d --timeout=5s')
  })

  test('a rollout: status, history, undo, restart, pause', async () => {
    const space = cluster.workspace()
    const { kubectl, refused } = bound(space)
    await kubectl('create -f -', deployment('d', 'i:1'))
    assert.match(
      await refused('rollout status deployment/d --timeout=200ms'),
      /timed out waiting for the condition/,
    )
    const stop = runPods(space)
    try {
      assert.match(
        await kubectl('rollout status deployment/d --timeout=10s'),
        /deployment "d" successfully rolled out/,
      )
      await kubectl('set image deployment/d main=i:2')
      await kubectl(['annotate', 'deployment', 'd', 'kubernetes.io/change-cause=the second'])
      await kubectl('rollout status deployment/d --timeout=10s')
      const history = () => kubectl('rollout history deployment/d')
      await until('the second is in the history', async () => /\n2 +the second\n/.test(await history()))
      assert.match(await kubectl('rollout history deployment/d --revision=1'), /Image:\s+i:1/)
      assert.match(await kubectl('rollout undo deployment/d'), /deployment\.apps\/d rolled back/)
      await kubectl('rollout status deployment/d --timeout=10s')
      assert.equal(await kubectl('get deployment d -o jsonpath={..image}'), 'i:1')
      assert.match(await kubectl('rollout restart deployment/d'), /deployment\.apps\/d restarted/)
      await kubectl('rollout status deployment/d --timeout=10s')
      assert.match(await history(), /\n4 /)
      assert.match(await kubectl('rollout pause deployment/d'), /paused/)
      assert.match(await refused('rollout restart deployment/d'), /can't restart paused deployment/)
      assert.match(await kubectl('rollout resume deployment/d'), /resumed/)
      await kubectl('wait --for=condition=Available deployment/d --timeout=5s')
    } finally {
      stop()
    }
  })

  test('wait: for a condition, a value, an end, and not for ever', async () => {
    const space = cluster.workspace()
    const { kubectl, refused } = bound(space)
    await kubectl('create -f -', [pod('p'), pod('q')])
    assert.match(
      await refused('wait --for=condition=Ready pod/p --timeout=100ms'),
      /timed out waiting for the condition on pods\/p/,
    )
    const waiting = kubectl('wait --for=condition=Ready pod/p pod/q --timeout=10s')
    const stop = runPods(space)
    try {
      assert.equal(await waiting, 'pod/p condition met\npod/q condition met\n')
      assert.match(
        await kubectl('wait --for=jsonpath={.status.phase}=Running pod/p --timeout=5s'),
        /condition met/,
      )
      // Of what was gone before it looked, it says nothing.
      const looked = Promise.withResolvers<void>()
      const { remove } = cluster.server.faults.add({
        match: { verb: 'watch', resource: 'pods', namespace: space.namespace },
        effect: ({ next }) => {
          looked.resolve()
          next()
        },
      })
      const ended = kubectl('wait --for=delete pod/p --timeout=10s')
      await looked.promise
      remove()
      await kubectl('delete pod p --wait=false')
      assert.equal((await ended).trim(), 'pod/p condition met')
    } finally {
      stop()
    }
    assert.match(
      await refused('wait --for=condition=Ready pod/nowhere --timeout=1s'),
      /pods "nowhere" not found/,
    )
  })
})

function bound(space: Workspace) {
  return { kubectl: space.kubectl.bind(space), refused: space.refused.bind(space) }
}
