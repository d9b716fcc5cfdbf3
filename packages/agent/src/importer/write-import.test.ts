import assert from 'node:assert/strict'
import { describe, it } from 'node:test'
import type { EndpointSlice, ExportedEndpointsSpec, KubernetesObject, ResourceType } from '@isthmus/api'
import type { ImportedPlan } from '@isthmus/core'
import type { Writes } from '../writes/cached-writes.ts'
import { MadeObjects } from './made-objects.ts'
import { type ImportTarget, writeSlices } from './write-import.ts'

const chunk = (address: string): ExportedEndpointsSpec => ({
  service: { namespace: 'demo', name: 'hello' },
  addressType: 'IPv4',
  ports: [{ name: 'http', protocol: 'TCP', port: 80 }],
  endpoints: [{ addresses: [address], ready: true, serving: true, terminating: false, zone: 'z1' }],
})

function planOf(content: ExportedEndpointsSpec): ImportedPlan {
  const port = { name: 'http', protocol: 'TCP', port: 80 } as const
  const chunks = new Map([['hello.demo.0', content]])
  const memberExport = { clusterId: 'west', spec: {}, chunks } as never
  return {
    kind: 'import',
    derivedName: 'hello-1',
    spec: { type: 'ClusterSetIP', ports: [port], trafficDistribution: 'PreferSameZone' },
    slices: [
      { name: 's', clusterId: 'west', chunk: 'hello.demo.0', ports: new Map([['http', port]]), memberExport },
    ],
    keptSlices: new Set(),
  } as unknown as ImportedPlan
}

/** A server with slices alone, which may store something else than it is given. */
function server(admit: (slice: EndpointSlice) => EndpointSlice = slice => slice) {
  const made = new MadeObjects()
  let stored: EndpointSlice | undefined
  let version = 0
  const writes: string[] = []
  const write = (verb: string) => async (_: ResourceType, object: KubernetesObject) => {
    writes.push(verb)
    const metadata = { ...object.metadata, uid: 'u', resourceVersion: String(++version) }
    stored = admit({ ...(object as EndpointSlice), metadata })
    return stored
  }
  const target = (): ImportTarget => ({
    writes: { create: write('create'), update: write('update') } as unknown as Writes,
    clusterId: 'east',
    namespace: 'demo',
    name: 'hello',
    existing: {
      derivedService: undefined,
      serviceImport: undefined,
      slices: stored === undefined ? [] : [stored],
    },
    kept: (_, value) => value,
    onSliceStored: () => {},
    made,
    heldBack: new Set(),
  })
  return {
    writes,
    made,
    reconcile: (plan: ImportedPlan) => writeSlices(target(), plan, undefined),
    tamper: (change: Partial<EndpointSlice> | undefined) => {
      if (stored === undefined || change === undefined) stored = undefined
      else
        stored = {
          ...stored,
          ...change,
          metadata: { ...stored.metadata, resourceVersion: String(++version) },
        }
    },
  }
}

describe('imported slices', () => {
  it('are written when they change, and not again', async () => {
    const { reconcile, writes, made } = server()
    const content = chunk('10.2.0.1')
    await reconcile(planOf(content))
    await reconcile(planOf(content))
    await reconcile(planOf(chunk('10.2.0.1')))
    assert.deepEqual(writes, ['create'])
    await reconcile(planOf(chunk('10.2.0.2')))
    assert.deepEqual(writes, ['create', 'update'])
    assert.deepEqual(made.takeRepairs(), [])
  })

  it('that the server stores otherwise, as an old one does that drops hints, are not written for ever', async () => {
    const { reconcile, writes, made } = server(slice => ({
      ...slice,
      endpoints: slice.endpoints.map(({ hints: _, ...endpoint }) => endpoint),
    }))
    const content = chunk('10.2.0.1')
    for (let n = 0; n < 5; n++) await reconcile(planOf(content))
    assert.deepEqual(writes, ['create'])
    assert.deepEqual(made.takeRepairs(), [])
  })

  it('that somebody edits or deletes are repaired, and it is told', async () => {
    const { reconcile, writes, made, tamper } = server()
    const content = chunk('10.2.0.1')
    await reconcile(planOf(content))
    tamper({ endpoints: [] })
    await reconcile(planOf(content))
    tamper(undefined)
    await reconcile(planOf(content))
    assert.deepEqual(writes, ['create', 'update', 'create'])
    assert.deepEqual(
      made.takeRepairs().map(({ what }) => what),
      ['edited', 'deleted'],
    )
  })

  it('that somebody edits while the source changes are written, as a change', async () => {
    const { reconcile, made, tamper } = server()
    await reconcile(planOf(chunk('10.2.0.1')))
    tamper({ endpoints: [] })
    await reconcile(planOf(chunk('10.2.0.2')))
    assert.deepEqual(made.takeRepairs(), [])
  })
})
