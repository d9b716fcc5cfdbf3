import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import { boundsOf, proportionalScale, rollingUpdate, type Scale } from './rollout.ts'
import { templateHash } from './template-hash.ts'
import type { Deployment, ReplicaSet } from './workload.ts'

function deployment(
  replicas: number,
  maxSurge: number | string,
  maxUnavailable: number | string,
): Deployment {
  return {
    apiVersion: 'apps/v1',
    kind: 'Deployment',
    metadata: { name: 'd', namespace: 'n', uid: 'd', resourceVersion: '1', creationTimestamp: 't' },
    spec: { replicas, selector: {}, template: {}, strategy: { rollingUpdate: { maxSurge, maxUnavailable } } },
    status: {},
  }
}

function replicaSet(name: string, replicas: number, available = replicas): ReplicaSet {
  return {
    apiVersion: 'apps/v1',
    kind: 'ReplicaSet',
    metadata: {
      name,
      namespace: 'n',
      uid: name,
      resourceVersion: '1',
      creationTimestamp: `2026-01-0${name.length}T00:00:00Z`,
    },
    spec: { replicas, selector: {}, template: {} },
    status: { availableReplicas: available },
  }
}

const countOf = (sets: readonly ReplicaSet[], of: (set: ReplicaSet) => number | undefined) =>
  sets.reduce((total, set) => total + (of(set) ?? 0), 0)

const named = (scales: readonly Scale[]) =>
  scales.map(({ replicaSet: { metadata }, replicas }) => [metadata.name, replicas])

describe('bounds of a rollout', () => {
  const BOUNDS: [number, number | string, number | string, number, number][] = [
    [4, '25%', '25%', 1, 1],
    [3, '25%', '25%', 1, 0],
    [1, '25%', '25%', 1, 0],
    [10, 0, 0, 0, 1],
    [10, '0%', '5%', 0, 1],
    [2, 0, 5, 0, 2],
  ]
  for (const [replicas, surge, unavailable, maxSurge, maxUnavailable] of BOUNDS) {
    test(`of ${replicas}: surge ${surge}, unavailable ${unavailable}`, () => {
      assert.deepEqual(boundsOf(deployment(replicas, surge, unavailable)), { maxSurge, maxUnavailable })
    })
  }
})

describe('a rolling update', () => {
  test('never has too many pods, keeps enough available, and ends, whichever pods become available when', () => {
    const scenario = fc.record({
      replicas: fc.integer({ min: 1, max: 12 }),
      maxSurge: fc.integer({ min: 0, max: 5 }),
      maxUnavailable: fc.integer({ min: 0, max: 5 }),
      old: fc.array(fc.integer({ min: 0, max: 4 }), { minLength: 1, maxLength: 3 }),
      pace: fc.infiniteStream(fc.integer({ min: 0, max: 3 })),
    })
    fc.assert(
      fc.property(scenario, ({ replicas, maxSurge, maxUnavailable, old: sizes, pace }) => {
        const target = deployment(replicas, maxSurge, maxUnavailable)
        const bounds = boundsOf(target)
        // All pods of the Deployment are of old templates, and available.
        const old = sizes.map((size, i) => replicaSet('o'.repeat(i + 1), size))
        const first = old[0] as ReplicaSet
        first.spec.replicas = Math.max(0, replicas - countOf(old.slice(1), set => set.spec.replicas))
        first.status.availableReplicas = first.spec.replicas
        const current = replicaSet('n', 0)
        const all = [current, ...old]
        const most = Math.max(
          replicas + bounds.maxSurge,
          countOf(all, set => set.spec.replicas),
        )
        const least = Math.min(
          replicas - bounds.maxUnavailable,
          countOf(all, set => set.status.availableReplicas),
        )
        for (let round = 0; round < 500; round++) {
          const scales = rollingUpdate(target, current, old)
          for (const { replicaSet: set, replicas: next } of scales) {
            set.spec.replicas = next
            set.status.availableReplicas = Math.min(set.status.availableReplicas ?? 0, next)
          }
          assert.ok(countOf(all, set => set.spec.replicas) <= most, 'too many pods')
          assert.ok(countOf(all, set => set.status.availableReplicas) >= least, 'too few available')
          const missing = (current.spec.replicas ?? 0) - (current.status.availableReplicas ?? 0)
          if (scales.length === 0 && missing === 0) break
          const started = round > 400 ? missing : Math.min(missing, pace.next().value as number)
          current.status.availableReplicas = (current.status.availableReplicas ?? 0) + started
        }
        assert.equal(current.spec.replicas, replicas)
        assert.equal(
          countOf(old, set => set.spec.replicas),
          0,
        )
      }),
    )
  })

  test('pods that never were available go first', () => {
    const [good, broken] = [replicaSet('o', 7), replicaSet('oo', 3, 0)]
    const scales = rollingUpdate(deployment(8, 2, 2), replicaSet('n', 0), [good, broken])
    assert.deepEqual(named(scales), [
      ['o', 6],
      ['oo', 0],
    ])
  })
})

describe('scaling', () => {
  test('of a Deployment at rest is of its one ReplicaSet', () => {
    assert.deepEqual(
      named(proportionalScale(deployment(5, 1, 1), [replicaSet('a', 2), replicaSet('bb', 0)])),
      [['a', 5]],
    )
  })

  test('in the middle of a rollout everybody has a share', () => {
    const scales = proportionalScale(deployment(20, 2, 2), [replicaSet('a', 8), replicaSet('bb', 4)])
    assert.deepEqual(named(scales), [
      ['a', 15],
      ['bb', 7],
    ])
  })
})

test('the hash of a template does not depend on the order of keys, and can be another one', () => {
  const a = templateHash({ metadata: { labels: { a: '1', b: '2' } }, spec: {} })
  assert.equal(a, templateHash({ spec: {}, metadata: { labels: { b: '2', a: '1' } } }))
  assert.notEqual(a, templateHash({ metadata: { labels: { a: '1', b: '2' } }, spec: {} }, 1))
  assert.match(a, /^[bcdfghjklmnpqrstvwxz2456789]{1,10}$/)
})
