import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { EndpointSlice } from '@isthmus/api'
import fc from 'fast-check'
import { planImport } from '../import/plan.ts'
import { chunkSpec, memberExport, present, slice } from '../testing/objects.ts'
import { heldBack, isHeldBack, readyEndpoints, released } from './held-back.ts'
import { type ReadyEndpoints, readyEndpointsOf, withoutLastEndpoints } from './last-endpoints.ts'
import { probeTargets } from './probe-targets.ts'

const conditions = fc.record(
  { ready: fc.boolean(), serving: fc.boolean(), terminating: fc.boolean() },
  { noNullPrototype: true },
)
const slices = fc
  .array(conditions, { maxLength: 8 })
  .map(list =>
    slice('s', { endpoints: list.map((conditions, n) => ({ addresses: [`10.1.0.${n}`], conditions })) }),
  )

describe('endpoints that are held back', () => {
  it('are neither ready nor serving, and the slice remembers how many would be', () => {
    fc.assert(
      fc.property(slices, given => {
        const held = heldBack(given)
        assert.ok(isHeldBack(held))
        for (const { conditions } of held.endpoints) {
          assert.equal(conditions?.ready, false)
          assert.equal(conditions?.serving, false)
        }
        assert.equal(readyEndpoints(held), readyEndpoints(given))
        assert.equal(heldBack(held), held)
      }),
    )
  })

  it('are as they were once they are released', () => {
    fc.assert(
      fc.property(slices, given => {
        const again = released(heldBack(given))
        assert.deepEqual(again.endpoints, given.endpoints)
        assert.equal(isHeldBack(again), false)
        assert.equal(released(again), again)
      }),
    )
  })

  it('count as ready where nothing is said', () => {
    const unsaid = slice('s', { endpoints: [{ addresses: ['10.1.0.1'] }] })
    assert.equal(readyEndpoints(unsaid), 1)
    assert.deepEqual(released(heldBack(unsaid)).endpoints[0]?.conditions, { ready: true, serving: true })
  })
})

describe('the last endpoints', () => {
  const entries = fc.array(
    fc.record({
      clusterId: fc.constantFrom('east', 'west', 'north'),
      family: fc.constantFrom('IPv4' as const, 'IPv6' as const),
      ports: fc.subarray(['http', 'admin']),
      ready: fc.integer({ min: 0, max: 2 }),
    }),
    { maxLength: 8 },
  )
  const places = (list: readonly ReadyEndpoints[]) =>
    new Set(
      list.flatMap(({ family, ports, ready }) =>
        ready === 0 ? [] : ports.length === 0 ? [family] : ports.map(port => `${family} ${port}`),
      ),
    )

  it('of no family and port are held back', () => {
    fc.assert(
      fc.property(entries, fc.subarray(['east', 'west', 'north']), (list, wanted) => {
        const held = withoutLastEndpoints(new Set(wanted), list)
        assert.deepEqual(places(list.filter(({ clusterId }) => !held.has(clusterId))), places(list))
        for (const id of held) assert.ok(wanted.includes(id))
      }),
    )
  })

  it('are kept of all where all are silent, and of one where it alone has a port', () => {
    const of = (clusterId: string, ...ports: string[]): ReadyEndpoints => ({
      clusterId,
      family: 'IPv4',
      ports,
      ready: 1,
    })
    const held = (wanted: string[], ...list: ReadyEndpoints[]) => [
      ...withoutLastEndpoints(new Set(wanted), list),
    ]
    assert.deepEqual(held(['east'], of('east', 'http'), of('west', 'http')), ['east'])
    assert.deepEqual(held(['east', 'west'], of('east', 'http'), of('west', 'http')), [])
    assert.deepEqual(held(['east'], of('east', 'http', 'admin'), of('west', 'http')), [])
  })

  it('are counted over what is planned and what stays', () => {
    const east = memberExport('east', {}, { 'hello.demo.e': chunkSpec() })
    const plan = planImport({
      namespace: 'demo',
      name: 'hello',
      contributions: new Map([
        ['east', present(east)],
        ['west', { kind: 'unknown', why: '', remembered: undefined, refusals: [] }],
      ]),
      supportedFamilies: ['IPv4'],
      existing: { derivedService: undefined, serviceImport: undefined, slices: [imported('west', 'w')] },
    })
    assert.ok(plan.kind === 'import')
    assert.deepEqual(readyEndpointsOf(plan, [heldBack(imported('west', 'w')), imported('west', 'other')]), [
      { clusterId: 'east', family: 'IPv4', ports: ['http'], ready: 1 },
      { clusterId: 'west', family: 'IPv4', ports: ['http'], ready: 1 },
    ])
  })
})

describe('endpoints to probe', () => {
  const many = ['a', 'b', 'c', 'd'].flatMap((service, s) =>
    [0, 1].map(n =>
      imported('east', `${service}-${n}`, service, {
        ports: [
          { name: 'http', protocol: 'TCP', port: 80 },
          { name: 'dns', protocol: 'UDP', port: 53 },
        ],
        endpoints: [
          { addresses: [`10.${s}.${n}.1`], conditions: { ready: true } },
          { addresses: [`10.${s}.${n}.2`], conditions: { ready: false } },
        ],
      }),
    ),
  )

  it('are a few of different services, ready, and by TCP', () => {
    const targets = probeTargets(many, 3, 0)
    assert.equal(new Set(targets.map(({ address }) => address.split('.')[1])).size, 3)
    for (const { address, port } of targets) {
      assert.equal(port, 80)
      assert.match(address, /\.1$/)
    }
  })

  it('are all, in the end', () => {
    const seen = new Set<string>()
    for (let round = 0; round < 8; round++)
      for (const { address } of probeTargets(many, 3, round)) seen.add(address)
    assert.equal(seen.size, 8)
  })

  it('are those that are held back too, and none where there is none', () => {
    assert.equal(probeTargets(many.map(heldBack), 3, 0).length, 3)
    assert.deepEqual(probeTargets([], 3, 5), [])
    assert.deepEqual(probeTargets([imported('east', 's', 'a', { endpoints: [] })], 3, 5), [])
    assert.deepEqual(probeTargets([imported('east', 's', 'a', { ports: [] })], 3, 5), [])
  })
})

function imported(
  cluster: string,
  name: string,
  service = 'hello',
  fields: Partial<EndpointSlice> = {},
): EndpointSlice {
  const labels = {
    'multicluster.kubernetes.io/service-name': service,
    'multicluster.kubernetes.io/source-cluster': cluster,
  }
  return slice(name, { ...fields, metadata: { namespace: 'demo', name, labels } })
}
