import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { KubernetesObject, ObjectMeta } from '@isthmus/api'
import { otherImplementationsIn } from './other-implementations.ts'

const MANAGED_BY = 'endpointslice.kubernetes.io/managed-by'
const imported = (metadata: ObjectMeta, apiVersion = 'multicluster.x-k8s.io/v1beta1'): KubernetesObject => ({
  apiVersion,
  kind: 'ServiceImport',
  metadata: { namespace: 'demo', name: 'hello', ...metadata },
})
const slice = (labels: Record<string, string>, metadata: ObjectMeta = {}): KubernetesObject => ({
  apiVersion: 'discovery.k8s.io/v1',
  kind: 'EndpointSlice',
  metadata: { namespace: 'demo', name: 'hello-x', labels, ...metadata },
})
const writtenBy = (...managers: string[]) => ({
  managedFields: managers.map(manager => ({ manager, operation: 'Update' })),
})

/** As these implementations leave them, by their public sources. */
const SCENARIOS: readonly (readonly [name: string, object: KubernetesObject, finds: string | undefined])[] = [
  [
    'Cilium, by its operator',
    imported(writtenBy('cilium-operator-generic')),
    'Cilium (cilium-operator-generic)',
  ],
  [
    "Cilium's slices",
    slice({ [MANAGED_BY]: 'endpointslice-local-mcsapi-controller.cilium.io' }),
    'Cilium (endpointslice-local-mcsapi-controller.cilium.io)',
  ],
  ['Submariner', imported(writtenBy('lighthouse-agent')), 'Submariner (lighthouse-agent)'],
  [
    'Submariner, where no field managers are kept',
    imported({ labels: { 'lighthouse.submariner.io/sourceNamespace': 'demo' } }),
    'Submariner (lighthouse.submariner.io/sourceNamespace)',
  ],
  [
    "Submariner's slices",
    slice({ [MANAGED_BY]: 'lighthouse-agent.submariner.io' }),
    'Submariner (lighthouse-agent.submariner.io)',
  ],
  ['GKE', imported(writtenBy('gke-mcs-importer')), 'GKE multi-cluster Services (gke-mcs-importer)'],
  ["GKE's own kind", imported({}, 'net.gke.io/v1'), 'GKE multi-cluster Services (net.gke.io)'],
  [
    'AWS Cloud Map',
    imported({ annotations: { 'multicluster.k8s.aws/derived-service': '[]' } }),
    'AWS Cloud Map MCS (multicluster.k8s.aws/derived-service)',
  ],
  [
    'Karmada',
    slice({ [MANAGED_BY]: 'endpointslice-dispatch-controller.karmada.io' }),
    'Karmada (endpointslice-dispatch-controller.karmada.io)',
  ],
  ['one that nobody knows', imported(writtenBy('kubectl-edit', 'mesh-of-tomorrow')), 'mesh-of-tomorrow'],
  [
    'one that is known among others',
    imported(writtenBy('some-webhook', 'lighthouse-agent')),
    'Submariner (lighthouse-agent)',
  ],
  [
    'somebody who writes what is ours',
    imported({
      labels: { 'app.kubernetes.io/managed-by': 'isthmus.dev' },
      ...writtenBy('isthmus.dev', 'cilium-operator'),
    }),
    'Cilium (cilium-operator)',
  ],
  [
    'ours, with a finger of some tool',
    imported({ labels: { 'app.kubernetes.io/managed-by': 'isthmus.dev' }, ...writtenBy('isthmus.dev', 'x') }),
    undefined,
  ],
  ['ours, before it said so', imported(writtenBy('isthmus.dev')), undefined],
  ["a person's", imported(writtenBy('kubectl-client-side-apply', 'Mozilla')), undefined],
  ['what a person installs', imported({ labels: { 'app.kubernetes.io/managed-by': 'Helm' } }), undefined],
  ['nobody knows whose', imported({}), undefined],
]

for (const [name, object, finds] of SCENARIOS) {
  test(`${finds === undefined ? 'no implementation' : 'an implementation'}: ${name}`, () => {
    assert.deepEqual(
      otherImplementationsIn([object]).map(found => found.name),
      finds === undefined ? [] : [finds],
    )
  })
}

test('each is told once, with an object to look at', () => {
  const objects = [
    imported(writtenBy('lighthouse-agent')),
    imported({ name: 'b', ...writtenBy('lighthouse-agent') }),
  ]
  assert.deepEqual(otherImplementationsIn(objects), [
    { name: 'Submariner (lighthouse-agent)', example: 'ServiceImport demo/hello' },
  ])
})
