import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import fc from 'fast-check'
import type { Endpoint, EndpointSlice } from '../../resources/endpoint-slice-spec.ts'
import type { Service } from '../../resources/service-spec.ts'
import { type EndpointGroup, planSlices, type SlicePlan } from './slice-plan.ts'

const SERVICE = {
  apiVersion: 'v1',
  kind: 'Service',
  metadata: {
    name: 's',
    namespace: 'n',
    uid: 's1',
    resourceVersion: '1',
    creationTimestamp: 't',
    labels: { team: 'x' },
  },
  spec: { clusterIP: '10.96.0.1' },
  status: { loadBalancer: {} },
} as Service

const PORTS = [{ name: 'http', protocol: 'TCP', port: 80 }]
const endpoint = (n: number, ready = true): Endpoint => ({
  addresses: [`10.0.0.${n}`],
  conditions: { ready, serving: ready, terminating: false },
  targetRef: { kind: 'Pod', name: `p${n}`, uid: `p${n}` },
})
const group = (numbers: readonly number[], ports = PORTS): EndpointGroup => ({
  ports,
  endpoints: numbers.map(n => endpoint(n)),
})

/** What storage holds after a plan; new slices get names. */
class Slices {
  slices: EndpointSlice[] = []
  #made = 0

  plan(groups: readonly EndpointGroup[], most = 3): SlicePlan {
    const plan = planSlices(SERVICE, 'IPv4', groups, this.slices, most)
    const removed = new Set(plan.remove.map(slice => slice.metadata.name))
    const updated = new Map(plan.update.map(slice => [slice.metadata.name, slice]))
    this.slices = this.slices
      .filter(slice => !removed.has(slice.metadata.name))
      .map(slice => updated.get(slice.metadata.name) ?? slice)
    for (const slice of plan.create) {
      const metadata = { ...slice.metadata, name: `s-${this.#made++}` }
      this.slices.push({
        apiVersion: 'discovery.k8s.io/v1',
        kind: 'EndpointSlice',
        ...slice,
        metadata,
      } as unknown as EndpointSlice)
    }
    return plan
  }

  get held(): string[] {
    return this.slices
      .flatMap(slice => (slice.endpoints ?? []).map(({ targetRef }) => targetRef?.name ?? ''))
      .sort()
  }
}

const counts = ({ create, update, remove }: SlicePlan) => [create.length, update.length, remove.length]

describe('slices of a Service', () => {
  test('without endpoints there is one, with neither endpoints nor ports', () => {
    const slices = new Slices()
    assert.deepEqual(counts(slices.plan([])), [1, 0, 0])
    assert.deepEqual(
      slices.slices.map(({ endpoints, ports }) => [endpoints, ports]),
      [[[], []]],
    )
    assert.deepEqual(counts(slices.plan([])), [0, 0, 0])
  })

  test('the empty one becomes the first with endpoints, and the last is emptied', () => {
    const slices = new Slices()
    slices.plan([])
    assert.deepEqual(counts(slices.plan([group([1])])), [0, 1, 0])
    assert.deepEqual(counts(slices.plan([])), [0, 1, 0])
  })

  test('one endpoint more fills up the slice with room', () => {
    const slices = new Slices()
    slices.plan([group([1, 2, 3, 4])])
    assert.deepEqual(counts(slices.plan([group([1, 2, 3, 4, 5])])), [0, 1, 0])
    assert.deepEqual(
      slices.slices.map(slice => slice.endpoints?.length),
      [3, 2],
    )
  })

  test('an endpoint that changes is written in place', () => {
    const slices = new Slices()
    slices.plan([group([1, 2])])
    assert.deepEqual(
      counts(slices.plan([{ ports: PORTS, endpoints: [endpoint(2), endpoint(1, false)] }])),
      [0, 1, 0],
    )
    assert.deepEqual(
      slices.slices[0]?.endpoints?.map(({ conditions }) => conditions.ready),
      [false, true],
    )
  })

  test('pods with other ports have slices of their own', () => {
    const slices = new Slices()
    slices.plan([group([1]), group([2], [{ name: 'http', protocol: 'TCP', port: 81 }])])
    assert.deepEqual(
      slices.slices.map(slice => slice.ports?.[0]?.port),
      [80, 81],
    )
  })

  test('slices of an earlier Service of the name go', () => {
    const slices = new Slices()
    slices.plan([group([1])])
    const [old] = slices.slices
    assert.ok(old)
    slices.slices = [{ ...old, metadata: { ...old.metadata, ownerReferences: [] } }]
    assert.deepEqual(counts(slices.plan([group([1])])), [1, 0, 1])
  })

  test('labels follow the Service', () => {
    const slices = new Slices()
    slices.plan([group([1])])
    const [slice] = slices.slices
    assert.ok(slice)
    assert.deepEqual(slice.metadata.labels, {
      team: 'x',
      'endpointslice.kubernetes.io/managed-by': 'endpointslice-controller.k8s.io',
      'kubernetes.io/service-name': 's',
    })
    slices.slices = [
      { ...slice, metadata: { ...slice.metadata, labels: { ...slice.metadata.labels, team: 'y' } } },
    ]
    assert.deepEqual(counts(slices.plan([group([1])])), [0, 1, 0])
  })

  test('after any changes they hold exactly the endpoints, none is too full, and then nothing changes', () => {
    const numbers = fc.uniqueArray(fc.integer({ min: 1, max: 20 }), { maxLength: 15 })
    fc.assert(
      fc.property(fc.array(numbers, { maxLength: 8 }), states => {
        const slices = new Slices()
        for (const state of states) {
          const groups = state.length > 0 ? [group(state)] : []
          slices.plan(groups)
          assert.deepEqual(slices.held, state.map(n => `p${n}`).sort())
          assert.ok(slices.slices.every(slice => (slice.endpoints?.length ?? 0) <= 3))
          assert.deepEqual(counts(slices.plan(groups)), [0, 0, 0])
        }
      }),
    )
  })
})
