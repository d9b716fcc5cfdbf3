import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubeletPod } from './pod.ts'
import { mayBePlaced, NODE_CAPACITY, type Placement, place, type SchedulableNode } from './scheduler.ts'

const pod = (spec: Partial<KubeletPod['spec']> = {}, owner?: string): KubeletPod => ({
  apiVersion: 'v1',
  kind: 'Pod',
  metadata: {
    name: 'a',
    ...(owner && {
      ownerReferences: [
        { apiVersion: 'apps/v1', kind: 'ReplicaSet', name: 'r', uid: owner, controller: true },
      ],
    }),
  },
  spec: { containers: [], ...spec },
})

const node = (name: string, spec: SchedulableNode['spec'] = {}): SchedulableNode => ({
  apiVersion: 'v1',
  kind: 'Node',
  metadata: { name, labels: { 'kubernetes.io/hostname': name } },
  spec,
})

const on = (name: string, count: number, owner?: string) =>
  Array.from({ length: count }, () => ({ node: name, owner }))

const chosen = (placement: Placement) => ('node' in placement ? placement.node : undefined)
const nodes = [node('n1'), node('n2')]

test('the node with fewer pods of the same owner, then with fewer pods', () => {
  assert.equal(chosen(place(pod(), nodes, [])), 'n1')
  assert.equal(chosen(place(pod(), nodes, on('n1', 1))), 'n2')
  assert.equal(chosen(place(pod({}, 'web'), nodes, [...on('n1', 5, 'db'), ...on('n2', 1, 'web')])), 'n1')
})

test('cordoned, full and not selected nodes are passed over, and the reason says so', () => {
  assert.equal(chosen(place(pod(), [node('n1', { unschedulable: true }), node('n2')], [])), 'n2')
  assert.equal(chosen(place(pod(), nodes, [...on('n1', NODE_CAPACITY), ...on('n2', 100)])), 'n2')
  assert.equal(chosen(place(pod({ nodeSelector: { 'kubernetes.io/hostname': 'n2' } }), nodes, [])), 'n2')
  const none = place(pod({ nodeSelector: { disk: 'ssd' } }), nodes, [])
  assert.match('reason' in none ? none.reason : '', /^0\/2 nodes are available/)
})

test('only pods for the default scheduler that nothing holds back are placed', () => {
  assert.equal(mayBePlaced(pod()), true)
  assert.equal(mayBePlaced(pod({ nodeName: 'n1' })), false)
  assert.equal(mayBePlaced(pod({ schedulerName: 'mine' })), false)
  assert.equal(mayBePlaced(pod({ schedulingGates: [{ name: 'wait' }] })), false)
})
