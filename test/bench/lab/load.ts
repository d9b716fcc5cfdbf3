/** Services with endpoints, exported, in the namespace of the bench. */
import { ENDPOINT_SLICES, type EndpointSlice, SERVICE_EXPORTS, SERVICES, type Service } from '@isthmus/api'
import type { ClusterClient } from '@isthmus/kube'
import { until } from '../../fixtures/until.ts'
import { NAMESPACE } from './clusters.ts'

export interface Load {
  /** Names begin with it. */
  readonly prefix: string
  readonly services: number
  readonly endpointsEach: number
  /** Of the first byte of its addresses; clusters announce different ones. */
  readonly network: number
}

/** Writes at once: what a client that is in a hurry does. */
const AT_ONCE = 16

export async function makeLoad(client: ClusterClient, load: Load, exported = true): Promise<void> {
  await atOnce(AT_ONCE, load.services, async i => {
    const name = `${load.prefix}-${i}`
    await client.create(SERVICES, sourceService(name))
    await client.create(ENDPOINT_SLICES, sourceSlice(name, load, i))
    if (exported) await client.create(SERVICE_EXPORTS, serviceExport(name))
  })
}

/** Runs `act` for 0 … count-1, so many at once. */
export async function atOnce(
  concurrency: number,
  count: number,
  act: (index: number) => Promise<unknown>,
): Promise<void> {
  let next = 0
  const worker = async () => {
    while (next < count) await act(next++)
  }
  await Promise.all(Array.from({ length: concurrency }, worker))
}

export function sourceService(name: string): Service {
  return {
    apiVersion: 'v1',
    kind: 'Service',
    metadata: { namespace: NAMESPACE, name },
    spec: { ports: [{ name: 'http', port: 80, protocol: 'TCP' }] },
  }
}

export function serviceExport(name: string) {
  return {
    apiVersion: 'multicluster.x-k8s.io/v1beta1',
    kind: 'ServiceExport',
    metadata: { namespace: NAMESPACE, name },
  }
}

export function sourceSlice(service: string, { endpointsEach, network }: Load, index: number): EndpointSlice {
  return {
    apiVersion: 'discovery.k8s.io/v1',
    kind: 'EndpointSlice',
    metadata: {
      namespace: NAMESPACE,
      name: `${service}-x`,
      labels: {
        'kubernetes.io/service-name': service,
        'endpointslice.kubernetes.io/managed-by': 'isthmus-bench',
      },
    },
    addressType: 'IPv4',
    ports: [{ name: 'http', protocol: 'TCP', port: 8080 }],
    endpoints: Array.from({ length: endpointsEach }, (_, i) => ({
      addresses: [address(network, index * endpointsEach + i)],
      conditions: { ready: true, serving: true, terminating: false },
      nodeName: `node-${i % 20}`,
      zone: `z${i % 3}`,
    })),
  }
}

/** The n-th of a /8: all that follow each other differ. */
export function address(network: number, n: number): string {
  return `${network}.${(n >> 16) & 255}.${(n >> 8) & 255}.${n & 255}`
}

export const IMPORTED = 'multicluster.kubernetes.io/service-name'

/** Imported slices that are there, and their endpoints. */
export async function importedSlices(client: ClusterClient): Promise<readonly EndpointSlice[]> {
  const { items } = await client.list(ENDPOINT_SLICES, { namespace: NAMESPACE, labelSelector: IMPORTED })
  return items
}

export async function whenImported(
  client: ClusterClient,
  slices: number,
  timeoutMs = 600_000,
): Promise<void> {
  await until(
    `${slices} slices are imported`,
    async () => {
      const found = (await importedSlices(client)).length
      if (found < slices) throw new Error(`${found} of ${slices}`)
      return true
    },
    timeoutMs,
  )
}
