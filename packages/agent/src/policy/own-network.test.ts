import assert from 'node:assert/strict'
import { afterEach, describe, it } from 'node:test'
import { setImmediate } from 'node:timers/promises'
import type { ResourceType } from '@isthmus/api'
import { ApiError, type ClusterClient, Store } from '@isthmus/kube'
import type { OwnCluster } from '../own/own-cluster.ts'
import { OwnNetwork } from './own-network.ts'

const stops: OwnNetwork[] = []
afterEach(async () => {
  for (const network of stops.splice(0)) await network.stop()
})

/** Of a cluster that answers the first list of nodes so, and later ones with the node that it has. */
function networkOf(first: Error) {
  let lists = 0
  const list = async ({ plural }: ResourceType) => {
    if (plural === 'nodes' && lists++ === 0) throw first
    const metadata = { name: 'n1', uid: 'n1', resourceVersion: '1' }
    const items = plural === 'nodes' ? [{ metadata, spec: { podCIDRs: ['10.1.0.0/16'] } }] : []
    return { items, metadata: { resourceVersion: '1' } }
  }
  async function* watch(_: ResourceType, { signal }: { signal: AbortSignal }) {
    await new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason)))
    yield undefined
  }
  const own = {
    services: new Store(),
    slices: new Store({ service: () => [] }),
  } as unknown as OwnCluster
  const network = new OwnNetwork({ list, watch } as unknown as ClusterClient, own, () => {})
  stops.push(network)
  network.start()
  return network
}

describe("this cluster's own addresses", () => {
  it('are not taken for known while its API server is not ready to tell them', async () => {
    const network = networkOf(new ApiError(503, 'not ready'))
    let isKnown = false
    const known = network.whenKnown(AbortSignal.timeout(10_000)).then(() => {
      isKnown = true
    })
    for (let i = 0; i < 20; i++) await setImmediate()
    assert.equal(isKnown, false)
    await known
    assert.ok(network.addresses().pods.covers('10.1.0.5'))
  })

  for (const code of [403, 404]) {
    it(`are not waited for where they may not be read, or are not served (${code})`, async () => {
      const network = networkOf(new ApiError(code, 'no'))
      await network.whenKnown(AbortSignal.timeout(500))
      assert.equal(network.addresses().pods.covers('10.1.0.5'), false)
    })
  }
})
